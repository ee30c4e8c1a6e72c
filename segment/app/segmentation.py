"""Segment the images of a session; the long part runs in the worker's process."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from segment.app.session import Session, UserError
from segment.composition import Composition, CompositionWarning
from segment.model import Parameters, Segmenter
from segment.phases import PhaseComparison, compare_phases
from segment.pipeline import Progress
from segment.plots import phase_colours
from segment.records import Micrograph, PhaseMap


@dataclass(frozen=True)
class Outcome:
    """What a segmentation made.

    Attributes
    ----------
    segmenter : Segmenter
        Fitted.
    maps : tuple of PhaseMap
        One an image; their micrographs hold no pixels.
    notes : tuple of str
        What the fit warned of.
    composition : Composition or None
        The known fractions that guided the maps.
    """

    segmenter: Segmenter
    maps: tuple[PhaseMap, ...]
    notes: tuple[str, ...]
    composition: Composition | None = None


def prepare(session: Session, parameters: Parameters) -> tuple[tuple[Micrograph, ...], Segmenter, bool]:
    """Return what `segment` takes: the images, a segmenter, and whether it is fitted already.

    Raises
    ------
    UserError
        If there is no image.
    """
    if not session.fields:
        raise UserError("There is no image yet: drop one first.")
    images = tuple(field.micrograph for field in session.fields)
    if session.is_loaded and session.segmenter is not None:
        return images, session.segmenter, True
    return images, Segmenter.from_parameters(parameters), False


def segment(
    images: Sequence[Micrograph], segmenter: Segmenter, is_fitted: bool, composition: Composition | None = None
) -> Iterator[Progress | Outcome]:
    """Fit `segmenter` unless it is fitted, and map every image; progress first, the outcome last.

    Parameters
    ----------
    images : sequence of Micrograph
    segmenter : Segmenter
    is_fitted : bool
        Whether to apply it as it is.
    composition : Composition, optional
        Known fractions, in phase order.

    Yields
    ------
    Progress or Outcome
    """
    maps: list[PhaseMap] = []
    known = {} if composition is None else composition.to_json()
    steps = len(images) + (not is_fitted)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        warnings.simplefilter("always", CompositionWarning)
        if not is_fitted:
            yield Progress("fit", 0, steps, f"{len(images)} images" if len(images) > 1 else images[0].name)
            segmenter.fit(images)
        for image in images:
            yield Progress("segment", steps - len(images) + len(maps), steps, image.name)
            mapped = segmenter.predict(image, **known)
            maps.append(replace(mapped, micrograph=replace(image, image=image.image[:0])))
        told = (item for item in caught if issubclass(item.category, (RuntimeWarning, CompositionWarning)))
        notes = tuple(dict.fromkeys(str(item.message) for item in told))
    yield Outcome(segmenter, tuple(maps), notes, composition)


def compare(
    images: Sequence[Micrograph], n_phases: Sequence[int], parameters: Parameters
) -> Iterator[Progress | PhaseComparison]:
    """Let the rules of `segment.phases` look at several numbers of phases; progress first, what they say last.

    Parameters
    ----------
    images : sequence of Micrograph
    n_phases : sequence of int
    parameters : Parameters

    Yields
    ------
    Progress or PhaseComparison
    """
    yield Progress("try", 0, 1, f"{min(n_phases)} to {max(n_phases)} phases")
    yield compare_phases(images, n_phases, parameters=parameters)


def accept(session: Session, images: Sequence[Micrograph], outcome: Outcome) -> Session:
    """Put the maps where their images still are; keep names and colours where a loaded model was applied.

    Parameters
    ----------
    session : Session
        As it is now, which may differ from what was segmented.
    images : sequence of Micrograph
        What was segmented.
    outcome : Outcome

    Returns
    -------
    Session
    """
    names, colours = session.names, session.colours
    if not (session.is_loaded and outcome.segmenter.model.digest == _digest(session)):
        names = outcome.segmenter.model.names
        colours = default_colours(len(names))
    found = {id(image): mapped for image, mapped in zip(images, outcome.maps, strict=True)}
    fields = []
    for field in session.fields:
        mapped = found.get(id(field.micrograph))
        if mapped is not None:
            mapped = replace(mapped, micrograph=field.micrograph, names=names, colours=colours)
        fields.append(replace(field, phase_map=mapped, composition=outcome.composition))
    return replace(
        session,
        fields=tuple(fields),
        segmenter=outcome.segmenter,
        names=names,
        colours=colours,
        selected=None,
        version=session.version + 1,
    )


def default_colours(n_phases: int) -> tuple[tuple[int, int, int], ...]:
    """Return the standard palette as plain numbers."""
    return tuple((int(red), int(green), int(blue)) for red, green, blue in phase_colours(n_phases))


def _digest(session: Session) -> str | None:
    return None if session.segmenter is None else session.segmenter.model.digest
