"""Segment the images of a session; the long part runs in the worker's process."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.app.session import Session, UserError
from segment.app.strokes import painted_labels
from segment.composition import Composition, CompositionWarning
from segment.model import Parameters, Segmenter
from segment.phases import PhaseComparison, compare_phases
from segment.pipeline import Progress
from segment.plots import phase_colours
from segment.records import Micrograph, PhaseMap


@dataclass(frozen=True)
class Job:
    """What is to be segmented, and how.

    Attributes
    ----------
    images : tuple of Micrograph
    segmenter : Segmenter
    is_fitted : bool
        Whether to apply `segmenter` as it is.
    labels : tuple of (ndarray of uint8 or None), or None
        Painted pixels that teach the phases, one an image; see `segment.app.strokes.painted_labels`.
    composition : Composition or None
        Known fractions, in phase order.
    """

    images: tuple[Micrograph, ...]
    segmenter: Segmenter
    is_fitted: bool
    labels: tuple[NDArray[np.uint8] | None, ...] | None = None
    composition: Composition | None = None


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
        What the user should know: what taught the phases, and what the fit warned of.
    """

    segmenter: Segmenter
    maps: tuple[PhaseMap, ...]
    notes: tuple[str, ...]


def prepare(session: Session, parameters: Parameters, composition: Composition | None = None) -> Job:
    """Return what `segment` takes: a loaded model is applied as it is, without one strokes teach the phases.

    Raises
    ------
    UserError
        If there is no image, or strokes cannot teach that many phases.
    """
    if not session.fields:
        raise UserError("There is no image yet: drop one first.")
    images = tuple(field.micrograph for field in session.fields)
    if session.is_loaded and session.segmenter is not None:
        return Job(images, session.segmenter, True, composition=composition)
    labels = painted_labels(session, parameters.n_phases)
    return Job(images, Segmenter.from_parameters(parameters), False, labels, composition)


def segment(job: Job) -> Iterator[Progress | Outcome]:
    """Fit the job's segmenter unless it is fitted, and map every image; progress first, the outcome last.

    Parameters
    ----------
    job : Job

    Yields
    ------
    Progress or Outcome
    """
    maps: list[PhaseMap] = []
    images, segmenter = job.images, job.segmenter
    known: dict[str, Any] = {} if job.composition is None else job.composition.to_json()
    steps = len(images) + (not job.is_fitted)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        warnings.simplefilter("always", CompositionWarning)
        if not job.is_fitted:
            yield Progress("fit", 0, steps, images[0].name if len(images) == 1 else f"{len(images)} images")
            segmenter.fit(images, job.labels)
        for image in images:
            yield Progress("segment", steps - len(images) + len(maps), steps, image.name)
            mapped = segmenter.predict(image, **known)
            maps.append(replace(mapped, micrograph=replace(image, image=image.image[:0])))
        told = (item for item in caught if issubclass(item.category, (RuntimeWarning, CompositionWarning)))
        notes = tuple(dict.fromkeys(str(item.message) for item in told))
    yield Outcome(segmenter, tuple(maps), (*_lesson(job), *notes))


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


def accept(session: Session, job: Job, outcome: Outcome) -> Session:
    """Put the maps where their images still are; keep names and colours where the phases are those of before.

    Parameters
    ----------
    session : Session
        As it is now, which may differ from what was segmented.
    job : Job
        What was segmented. Where a loaded model was applied or strokes taught the phases, these are those that the user
        named.
    outcome : Outcome

    Returns
    -------
    Session
    """
    model = outcome.segmenter.model
    names, colours = model.names, default_colours(len(model.names))
    if job.labels is not None or (session.is_loaded and model.digest == _digest(session)):
        names = (*session.names, *names[len(session.names) :])[: len(names)]
        colours = (*session.colours, *colours[len(session.colours) :])[: len(names)]
    lessons = job.labels or (None,) * len(job.images)
    made = {id(image): index for index, image in enumerate(job.images)}
    fields = []
    for field in session.fields:
        index = made.get(id(field.micrograph))
        if index is None:
            fields.append(replace(field, phase_map=None, lesson=None))
            continue
        mapped = replace(outcome.maps[index], micrograph=field.micrograph, names=names, colours=colours)
        fields.append(replace(field, phase_map=mapped, composition=job.composition, lesson=lessons[index]))
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


def _lesson(job: Job) -> tuple[str, ...]:
    """Say which phases strokes taught, and which were found without."""
    if job.labels is None:
        return ()
    painted = {int(phase) for ids in job.labels if ids is not None for phase in np.unique(ids)}
    alone = [str(phase) for phase in range(job.segmenter.parameters.n_phases) if phase not in painted]
    found = f" Without strokes, phase {' and '.join(alone)} was found among the other pixels." if alone else ""
    return (f"Taught by your strokes.{found}",)
