"""Take up again what an earlier result was made with: its model, names and settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from segment.app.corrections import corrected
from segment.app.limits import Limits
from segment.app.model_file import with_model
from segment.app.session import Field, Session
from segment.app.settings import settings_of
from segment.app.user_error import UserError
from segment.composition import Composition
from segment.model import Segmenter, presets
from segment.pipeline import ReadOptions, read_recipe


def load_side_car(session: Session, path: Path, limits: Limits) -> Session:
    """Read an uploaded side-car, and segment as it says from now on.

    Parameters
    ----------
    session : Session
    path : Path
    limits : Limits

    Returns
    -------
    Session
        With the side-car's model and names, and its settings. An open image that it was made of
        gets its band and pixel size. Maps made by another model are dropped.

    Raises
    ------
    segment.pipeline.SideCarError
        If it is no side-car that this version can read.
    UserError
        If it was guided in a way that the page has no field for, or its band or pixel size cannot be the image's.
    """
    recipe = read_recipe(path)
    known = _known(recipe.composition, recipe.model.names, path)
    fields = tuple(
        _as_read(field, recipe.options, path) if field.detected.sha256 == recipe.input_sha256 else field
        for field in session.fields
    )
    session = with_model(replace(session, fields=fields), Segmenter.from_model(recipe.model))
    parameters = recipe.model.parameters
    own = session.own if parameters.preset in presets() else parameters
    return replace(session, own=own, settings=settings_of(parameters, limits.n_phases, known))


def _as_read(field: Field, options: ReadOptions, path: Path) -> Field:
    tops = {"auto": field.detected.band.top, "none": None}
    top = tops.get(options.band) if isinstance(options.band, str) else options.band
    size = field.detected.calibration.pixel_size_um if options.pixel_size_um is None else options.pixel_size_um
    try:
        return corrected(field, top, size)
    except (TypeError, ValueError) as error:
        raise UserError(f"{path.name}: its band or pixel size cannot be those of the image: {error}") from error


def _known(composition: Composition | None, names: tuple[str, ...], path: Path) -> str:
    """Write known fractions as the page's field has them, in per cent and phase order."""
    if composition is None:
        return ""
    fractions = composition.fractions
    if composition != Composition(fractions):
        raise UserError(
            f"{path.name}: was guided with densities, an uncertainty, 'hard' or 'strict', for which this page has no "
            "fields; make it again with 'segment rerun'."
        )
    if isinstance(fractions, str):
        return fractions
    given = [fractions.get(name, 0.0) for name in names] if isinstance(fractions, dict) else list(fractions)
    return ", ".join(f"{100 * value:.12g}" for value in given)
