"""What the page shows of a project, as plain values for the browser."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

import numpy as np

from segment.app.findings import TABS
from segment.app.limits import Limits
from segment.app.phases import SUGGESTIONS, shown_fractions, shown_intervals
from segment.app.project import Project
from segment.app.remarks import caution_about, find_remarks, interval_over, outlying
from segment.app.session import Colour, Field, Findings, Session
from segment.app.standards import KINDS
from segment.app.strokes import count_strokes
from segment.batch import DOUBTFUL
from segment.features import FEATURES
from segment.interchange import IMAGE_FORMATS, TABLE_FORMATS
from segment.model import presets
from segment.model.merging import group_names
from segment.phases import RULES


def view(project: Project, word: str, limits: Limits) -> dict[str, Any]:
    """Return everything that the page shows of a project.

    Parameters
    ----------
    project : Project
    word : str
        Under which its pictures are served.
    limits : Limits

    Returns
    -------
    dict
        JSON values.
    """
    with project.lock:
        session, number = project.session, project.number
        undo, redo = project.labels
        odd = outlying(session)
        return {
            "number": number,
            "undo": undo,
            "redo": redo,
            "settings": {name: getattr(session.settings, name) for name in session.settings.__dataclass_fields__},
            "presets": [*sorted(presets()), *([] if session.own is None else [session.own.preset])],
            "features": sorted(FEATURES),
            "limits": {"n_phases": limits.n_phases, "file_mb": limits.file_mb},
            "exports": [*IMAGE_FORMATS, *TABLE_FORMATS],
            "source": _source(session),
            "is_loaded": session.is_loaded,
            "splits": session.splits,
            "images": [_image(project, word, index, odd) for index in range(len(session.fields))],
            "phases": _phases(session),
            "suggestions": SUGGESTIONS,
            "remarks": find_remarks(session),
            "model": _model(session, f"/project/{word}/pictures"),
            "sheet": _sheet(project, word),
            "choice": _choice(session, word, number),
            "objects": _objects(project),
            "standards": [{"kind": kind, "title": title} for kind, title in KINDS.items()],
            "findings": {tab: _findings(project, word, tab) for tab in TABS},
        }


def _image(project: Project, word: str, index: int, odd: dict[str, str]) -> dict[str, Any]:
    session = project.session
    field = session.fields[index]
    micrograph, (height, width) = field.micrograph, field.full.shape
    place, shown = f"/project/{word}/pictures/{index}", project.key_of(field.full)
    mapped = field.phase_map
    look = "" if mapped is None else f"{project.key_of(mapped.labels)}-{_style(session)}"
    valid = micrograph.valid
    pixels = micrograph.image.size if valid is None else int(np.count_nonzero(valid))
    # A picture has another address where it shows something else, and no other.
    fresh = f"{shown}-{micrograph.image.shape[0]}"
    parts = 0 if mapped is None else len(group_names(session.phase_names(len(mapped.names))))
    return {
        "name": field.file_name,
        "width": width,
        "height": height,
        "rows": micrograph.image.shape[0],
        "micrograph": f"{place}/micrograph.png?v={fresh}",
        "histogram": f"{place}/histogram?v={fresh}",
        "thumbnail": f"{place}/thumbnail.png?v={fresh}-{look}",
        "colours": None if mapped is None else f"{place}/colours.png?v={look}",
        "previous": None if field.previous is None else f"{place}/previous.png?v={project.key_of(field.previous)}",
        "painted": None
        if field.painted is None
        else f"{place}/painted.png?v={project.key_of(field.painted)}-{_style(session)}",
        "components": [f"{place}/component-{part}.png?v={look}" for part in range(parts)],
        "strokes": [
            {"phase": stroke.phase, "width": stroke.width, "points": stroke.points} for stroke in field.strokes
        ],
        "regions": [{"kind": region.kind, "points": region.points} for region in field.regions],
        "has_mask": field.mask is not None,
        "excluded": micrograph.image.size - pixels,
        "pixels": pixels,
        "band": micrograph.band.top,
        "pixel_size": micrograph.calibration.pixel_size_um,
        "is_corrected": field.options != type(field.options)(),
        "reading": _reading(field),
        "fractions": shown_fractions(session, field),
        "intervals": shown_intervals(session, field),
        "is_accepted": field.is_accepted,
        "is_refitted": field.own is not None and mapped is not None,
        "outlying": odd.get(field.file_name, ""),
        "notes": list(micrograph.notes) + ([] if mapped is None else list(mapped.treatment.notes)),
    }


def _style(session: Session) -> str:
    """Return a word for the colours and the merged phases."""
    groups = group_names(session.phase_names(session.n_phases))
    described = f"{session.phase_colours(session.n_phases)}{groups}".encode()
    return hashlib.sha256(described).hexdigest()[:12]


def _phases(session: Session) -> list[dict[str, Any]]:
    """Return the table of phases: colour, name, and the fraction over the images with its interval."""
    names, colours = session.phase_names(session.n_phases), session.phase_colours(session.n_phases)
    table = [shown_fractions(session, field) for field in session.mapped]
    count = len(table[0]) if table else 0
    rows = []
    for row, members in enumerate(group_names(names)):
        first = members[0]
        # A phase that is asked for, and that no map has yet, has no fraction.
        found = [fractions[row] for fractions in table] if row < count else []
        rows.append(
            {
                "phase": first,
                "members": members,
                "name": names[first],
                "is_named": bool((*session.names, *("",) * len(names))[first]),
                "colour": written(colours[first]),
                "over": interval_over(found),
                "caution": caution_about(found),
                "replicability": _found_again(session, members),
            }
        )
    return rows


def _found_again(session: Session, members: tuple[int, ...]) -> str:
    shared = None if session.segmenter is None else session.segmenter.model.shared
    if shared is None or shared.replicability is None or members[0] >= len(shared.replicability):
        return ""
    value = shared.replicability[members[0]]
    if value is None:
        return "found in no image"
    return f"{value:.2f} of it found again in halves of the batch" + ("" if value >= DOUBTFUL else ": not reliable")


def _model(session: Session, place: str) -> dict[str, Any] | None:
    """Return the features of each phase, to be shown as a table."""
    if session.segmenter is None:
        return None
    model = session.model
    end = "converged" if model.is_converged else "stopped at the largest number of iterations, not converged"
    if model.teaching is not None:
        painted = sum(model.teaching.painted)
        said = f"Means of the pixels of each phase, at unit length; learned from {painted} labelled pixels."
    else:
        said = (
            f"Rows of H at unit length; {model.n_iter} iterations from init {model.init}, {end}. Residual |X - W H| = "
            f"{model.reconstruction_error:.4g}."
        )
    return {
        "features": list(model.feature_names),
        "names": list(model.names),
        "values": [[round(float(value), 4) for value in row] for row in model.fingerprints],
        "said": said,
        "loss": None if model.teaching is not None else f"{place}/loss.svg?v={session.segmenter.model.digest[:16]}",
    }


def _choice(session: Session, word: str, number: int) -> dict[str, Any] | None:
    compared = session.comparison
    if compared is None:
        return None
    found, place = compared.rules, f"/project/{word}/pictures"
    return {
        "said": f"Suggestions from {found.n_pixels} pixels, no verdict: what you know of the material comes first.",
        "rules": [
            {"name": rule.title, "suggestion": found.suggestions[name], "reason": rule.reason}
            for name, rule in RULES.items()
        ],
        "picture": f"{place}/choice.svg?v={number}",
        "image": compared.name,
        "maps": [
            {"n_phases": count, "picture": f"{place}/compared-{count}.png?v={number}"}
            for count in range(2, 2 + len(compared.maps))
        ],
    }


def _findings(project: Project, word: str, tab: str) -> dict[str, Any] | None:
    """Return what was measured in a tab of its own: tables, what to know, and where its files are."""
    found: Findings | None = getattr(project.session, tab)
    if found is None:
        return None

    def address(name: str) -> str:
        return f"/project/{word}/findings/{tab}/{quote(name)}?v={project.key_of(found.files[name])}"

    return {
        "title": found.title,
        "image": found.image,
        "tables": [asdict(table) for table in found.tables],
        "caveats": found.caveats,
        "pictures": [
            {"address": address(name), "caption": caption, "moves": name.endswith(".gif")}
            for name, caption in found.pictures
        ],
        "files": {name: address(name) for name in sorted(found.files)},
        "places": [asdict(place) for place in found.places],
    }


def _objects(project: Project) -> dict[str, Any] | None:
    """Return what to ask for to see the measured objects: the table is long, and changes seldom."""
    measured = project.session.measured
    if measured is None:
        return None
    return {"image": measured.image, "key": project.key_of(measured.objects.labels)}


def _sheet(project: Project, word: str) -> dict[str, Any] | None:
    shown = project.session.sheet
    if shown is None:
        return None
    found, key = shown.exploration, project.key_of(shown.exploration.uncertainty)
    place = f"/project/{word}/pictures"
    return {
        "image": found.micrograph.name,
        "n_tried": found.n_tried,
        "chosen": shown.chosen,
        "uncertainty": f"{place}/uncertainty.png?v={key}",
        "candidates": [
            {
                "number": candidate.number,
                "picture": f"{place}/candidate-{candidate.number}.png?v={key}",
                "caption": candidate.caption,
            }
            for candidate in found.candidates
        ],
    }


def _reading(field: Field) -> dict[str, str]:
    """Return how an image was read, in words."""
    micrograph, (height, width) = field.micrograph, field.full.shape
    band, calibration = micrograph.band, micrograph.calibration
    rows = "none" if band.top is None else f"rows {band.top} to {height - 1} ({band.source})"
    if calibration.pixel_size_um is None:
        size = "unknown"
    else:
        size = f"{calibration.pixel_size_um:.5g} µm ({calibration.source}, confidence {calibration.confidence})"
    return {"Size": f"{width} x {height}, {micrograph.dtype} {micrograph.channels}", "Band": rows, "Pixel": size}


def _source(session: Session) -> str:
    """Say what the next segmentation learns from."""
    if session.is_loaded and session.segmenter is not None:
        return f"Segment applies the loaded model of {session.segmenter.parameters.n_phases} phases to the images."
    count = count_strokes(session)
    if session.splits is not None:
        name = session.phase_names(session.n_phases)[session.splits]
        return f"Segment divides {name} by your strokes."
    if not count:
        return "Segment learns phases from the images."
    return f"Segment learns phases from {count} stroke{'s' if count > 1 else ''}."


def written(colour: Colour) -> str:
    """Return a colour as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
