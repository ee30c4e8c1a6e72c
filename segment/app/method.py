"""How the numbers were made, as a paragraph for a paper."""

from __future__ import annotations

from nmfcore import __version__
from segment.app.phases import shown_fractions, shown_map
from segment.app.session import Session
from segment.app.user_error import UserError
from segment.app.words import counted
from segment.measure import summarise_fields

CITATION = (
    f"The nmfcore developers, nmfcore {__version__}: fast constrained non-negative matrix factorization, and "
    "label-free segmentation of micrographs, 2026."
)


def describe_method(session: Session) -> str:
    """Return a paragraph that says how the phase fractions were measured, and what to cite.

    Parameters
    ----------
    session : Session

    Returns
    -------
    str

    Raises
    ------
    UserError
        If no image has a phase map.
    """
    fields = session.mapped
    if not fields:
        raise UserError("There is no method to describe yet: press Segment first.")
    parameters = session.model.parameters
    names = shown_map(session, fields[0]).names
    several = f"{len(fields)} micrographs" if len(fields) > 1 else "one micrograph"
    strokes = sum(field.training is not None for field in fields)
    if session.is_loaded:
        source = "a model that was learned from other images and loaded from a file"
    elif strokes:
        source = f"a model that was learned from pixels labelled by hand on {counted(strokes, 'image')}"
    else:
        source = "a model that was learned from the images themselves, without labels"
    sentences = [
        f"Phase fractions were measured on {several} with the program segment (nmfcore {__version__}).",
        f"Each pixel was assigned to one of {parameters.n_phases} phases by {source} (non-negative matrix "
        f"factorization; features '{parameters.features}', preset '{parameters.preset}', seed "
        f"{parameters.random_state}).",
    ]
    if len(names) < parameters.n_phases:
        sentences.append(f"Phases were merged to {len(names)}: {', '.join(names)}.")
    refitted = sum(field.own is not None for field in fields)
    if refitted:
        sentences.append(f"The map of {counted(refitted, 'image')} was made anew from labels on that image alone.")
    if any(field.composition is not None for field in fields):
        sentences.append("The labels were guided by fractions that were known or estimated beforehand.")
    if any(field.regions or field.mask is not None for field in fields):
        sentences.append("Regions drawn by hand were left out of the measurement.")
    table = [shown_fractions(session, field) for field in fields]
    parts = []
    for phase, name in enumerate(names):
        over = summarise_fields([100 * fractions[phase] for fractions in table])
        spread = "" if over.ci95 is None else f" ± {over.ci95:.1f}"
        parts.append(f"{name} {over.mean:.1f}{spread} %")
    interval = " (mean and 95 % confidence interval over fields, after ASTM E562)" if len(fields) > 1 else ""
    sentences.append(f"Area fractions{interval}: {', '.join(parts)}.")
    sizes = sorted({field.micrograph.calibration.pixel_size_um or 0 for field in fields} - {0})
    if sizes:
        span = f"{sizes[0]:.4g}" if len(sizes) == 1 else f"{sizes[0]:.4g} to {sizes[-1]:.4g}"
        sentences.append(f"The pixel size was {span} µm.")
    return f"{' '.join(sentences)}\n\nCite: {CITATION}\n"
