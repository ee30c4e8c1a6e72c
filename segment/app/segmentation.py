"""Segment the images of a session; the long part runs in the worker's process."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.app.memory import check_memory
from segment.app.phases import followed
from segment.app.session import Colour, Compared, Field, Session
from segment.app.settings import parameters_of, read_composition
from segment.app.strokes import painted_labels
from segment.app.user_error import UserError
from segment.batch import remark_on_maps
from segment.composition import Composition, CompositionWarning
from segment.model import Parameters, Segmenter
from segment.phases import compare_phases
from segment.pipeline import Progress
from segment.records import EXCLUDED, Micrograph, PhaseMap

# A name whose pixels overlap less with those of before may stand for something else now.
SAME = 0.5
# Pixels of a phase that keep it what it is while another one is divided, at least.
SAMPLED = 1000
# Pixels that the rules judge a number of phases by, and the edge of the part that is mapped with each.
COMPARED, PART = 3000, 384


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
        Painted pixels that show the phases, one an image; see `segment.app.strokes.painted_labels`.
    composition : Composition or None
        Known fractions, in phase order.
    with_intervals : bool
        Whether the fractions get intervals.
    is_refit : bool
        Whether the one image gets a model of its own, and the others stay as they are.
    """

    images: tuple[Micrograph, ...]
    segmenter: Segmenter
    is_fitted: bool
    labels: tuple[NDArray[np.uint8] | None, ...] | None = None
    composition: Composition | None = None
    with_intervals: bool = False
    is_refit: bool = False


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
        What the user should know: what the phases were learned from, and what the fit warned of.
    """

    segmenter: Segmenter
    maps: tuple[PhaseMap, ...]
    notes: tuple[str, ...]


def prepare(session: Session, images: Sequence[str] = ()) -> Job:
    """Return what `segment` takes: a loaded model is applied as it is, without one strokes show the phases.

    Parameters
    ----------
    session : Session
    images : sequence of str, default ()
        File names, where only these are to be mapped, by the model that there is; empty: all are learned from.

    Returns
    -------
    Job

    Raises
    ------
    UserError
        If there is no image, or a setting or the strokes cannot be followed; says which.
    """
    if not session.fields:
        raise UserError("There is no image yet: drop one first.")
    parameters = parameters_of(session.settings, session.own)
    chosen = [session.fields[session.index_of(name)] for name in images] or list(session.fields)
    if session.segmenter is not None and (session.is_loaded or images):
        composition = read_composition(session.settings.known, session.segmenter.parameters.n_phases)
        return make_job(session, chosen, session.segmenter, True, None, composition)
    labels = _divided(session, parameters.n_phases) or painted_labels(session, parameters.n_phases)
    composition = read_composition(session.settings.known, parameters.n_phases)
    fitted = Segmenter.from_parameters(parameters)
    return make_job(session, chosen, fitted, False, labels, composition)


def make_job(
    session: Session,
    fields: Sequence[Field],
    segmenter: Segmenter,
    is_fitted: bool,
    labels: tuple[NDArray[np.uint8] | None, ...] | None,
    composition: Composition | None,
) -> Job:
    """Return what `segment` takes, for some images and with the settings of the session."""
    images = tuple(field.micrograph for field in fields)
    check_memory(images, segmenter.parameters.n_phases)
    return Job(images, segmenter, is_fitted, labels, composition, session.settings.intervals)


def split(session: Session, phase: int, most_phases: int) -> Session:
    """Ask for one phase more, into which strokes divide a phase; the map of the others then shows what they are.

    Parameters
    ----------
    session : Session
    phase : int
        Phase id.
    most_phases : int

    Returns
    -------
    Session

    Raises
    ------
    UserError
        If there is no map yet, the model was loaded, or there are as many phases as there can be.
    """
    if not session.mapped or session.segmenter is None:
        raise UserError("There is no phase map to split a phase of: press Segment first.")
    if session.is_loaded:
        raise UserError("A loaded model is applied as it is: press Learn from the images first.")
    count = session.segmenter.parameters.n_phases
    if not 0 <= phase < count:
        raise UserError(f"There is no phase {phase}: there are {count}, counted from 0.")
    if count >= most_phases:
        raise UserError(f"There are {count} phases already, as many as the page has.")
    return replace(session, splits=phase, settings=replace(session.settings, n_phases=count + 1))


def _divided(session: Session, n_phases: int) -> tuple[NDArray[np.uint8] | None, ...] | None:
    """Return labels that keep the map of all phases but one, which the strokes divide; None where none is divided."""
    if session.splits is None:
        return None
    painted = painted_labels(session, n_phases)
    seen = {int(phase) for ids in painted or () if ids is not None for phase in np.unique(ids)}
    if painted is None or not {session.splits, n_phases - 1} <= seen:
        raise UserError(
            f"To split phase {session.splits}, paint a few strokes where it stays phase {session.splits}, and some of "
            f"phase {n_phases - 1} where it becomes another one."
        )
    most = max(SAMPLED, *(int(np.count_nonzero(ids != EXCLUDED)) for ids in painted if ids is not None))
    labels = []
    for field, ids in zip(session.fields, painted, strict=True):
        kept = None if field.phase_map is None else sample_labels(field.phase_map.labels, (session.splits,), most)
        labels.append(ids if kept is None else kept if ids is None else np.where(ids == EXCLUDED, kept, ids))
    return tuple(labels)


def sample_labels(labels: NDArray[np.uint8], without: Collection[int], most: int) -> NDArray[np.uint8]:
    """Return some pixels of each phase but some: no more than strokes could be weighed against."""
    kept = np.full(labels.shape, EXCLUDED, dtype=np.uint8)
    for phase in np.unique(labels):
        if phase not in without and phase != EXCLUDED:
            places = np.flatnonzero(labels == phase)
            kept.ravel()[places[:: max(1, len(places) // most)]] = phase
    return kept


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
            mapped = segmenter.predict(image, intervals=job.with_intervals, **known)
            maps.append(replace(mapped, micrograph=replace(image, image=image.image[:0])))
        known_warnings = (item for item in caught if issubclass(item.category, (RuntimeWarning, CompositionWarning)))
        notes = tuple(dict.fromkeys(str(item.message) for item in known_warnings))
    said = remark_on_maps(
        [mapped.fractions for mapped in maps], segmenter.model.names, [image.name for image in images]
    )
    remarks = [f"{remark[0].upper()}{remark[1:]}." for remark in (*said, *segmenter.model.remarks)]
    yield Outcome(segmenter, tuple(maps), (*_sources(job), *remarks, *notes))


def compare(
    images: Sequence[Micrograph], shown: int, n_phases: Sequence[int], parameters: Parameters
) -> Iterator[Progress | Compared]:
    """Let the rules of `segment.phases` judge several numbers of phases, and map a part of an image with each.

    Parameters
    ----------
    images : sequence of Micrograph
    shown : int
        Index of the image whose middle is mapped.
    n_phases : sequence of int
    parameters : Parameters

    Yields
    ------
    Progress or Compared
        Progress first, what came of it last.
    """
    part, maps = _middle(images[shown]), []
    numbers = [number for number in n_phases if number > 1]
    for step, number in enumerate(numbers):
        yield Progress("try", step, len(numbers) + 1, f"{number} phases")
        fitted = Segmenter.from_parameters(replace(parameters, n_phases=number))
        maps.append(fitted.fit_predict(part).labels)
    yield Progress("try", len(numbers), len(numbers) + 1, f"four rules on {min(n_phases)} to {max(n_phases)} phases")
    found = compare_phases(images, n_phases, parameters=parameters, max_pixels=COMPARED)
    yield Compared(found, images[shown].name, part.image, tuple(maps))


def _middle(image: Micrograph) -> Micrograph:
    """Return the middle of an image, pixel for pixel."""
    height, width = image.image.shape
    rows = slice(max(0, (height - PART) // 2), (height + PART) // 2)
    columns = slice(max(0, (width - PART) // 2), (width + PART) // 2)
    valid = None if image.valid is None else image.valid[rows, columns]
    if valid is not None and not valid.any():
        return image
    colour = None if image.colour is None else image.colour[rows, columns]
    return replace(image, image=np.ascontiguousarray(image.image[rows, columns]), valid=valid, colour=colour)


def take_maps(session: Session, job: Job, outcome: Outcome) -> tuple[Session, tuple[str, ...]]:
    """Put the maps where their images still are; names and colours follow the pixels that had them.

    Parameters
    ----------
    session : Session
        As it is now, which may differ from what was segmented.
    job : Job
        What was segmented. Where a loaded model was applied or strokes showed the phases, these are those that the user
        named.
    outcome : Outcome

    Returns
    -------
    session : Session
    remarks : tuple of str
        What happened to names that moved to other pixels.
    """
    places = [
        next((index for index, image in enumerate(job.images) if is_same(image, field.micrograph)), None)
        for field in session.fields
    ]
    count = len(outcome.segmenter.model.names)
    names, colours, remarks = session.names, session.colours, ()
    pairs = [
        (field.phase_map, outcome.maps[index])
        for field, index in zip(session.fields, places, strict=True)
        if field.phase_map is not None and index is not None
    ]
    if job.labels is None and not job.is_fitted and pairs and session.segmenter is not None:
        names, colours, remarks = _following(session, pairs, count)
    labels = job.labels or (None,) * len(job.images)
    is_partial = job.is_fitted or len(job.images) < len(session.fields)
    fields = []
    for field, index in zip(session.fields, places, strict=True):
        if index is None:
            fields.append(field if is_partial else replace(field, phase_map=None, training=None))
            continue
        mapped = replace(outcome.maps[index], micrograph=field.micrograph)
        changed = replace(field, phase_map=mapped, composition=job.composition, training=labels[index], own=None)
        previous = field.previous if field.phase_map is None else field.phase_map.labels
        fields.append(replace(changed, is_accepted=False, previous=previous))
    after = replace(
        session,
        fields=tuple(fields),
        segmenter=outcome.segmenter,
        names=names,
        colours=colours,
        splits=None,
        measured=None,
    )
    return replace(after, settings=replace(after.settings, n_phases=max(2, count))), remarks


def is_same(image: Micrograph, other: Micrograph) -> bool:
    """Whether an image that was segmented is still what it was; undo and redo bring its arrays back, not the record."""
    return (
        image.path == other.path
        and image.image.shape == other.image.shape
        and image.image.__array_interface__["data"] == other.image.__array_interface__["data"]
        and (image.valid is None) == (other.valid is None)
        and (image.valid is None or other.valid is None or np.array_equal(image.valid, other.valid))
    )


def _following(
    session: Session, pairs: list[tuple[PhaseMap, PhaseMap]], count: int
) -> tuple[tuple[str, ...], tuple[Colour, ...], tuple[str, ...]]:
    before = pairs[0][0].names
    given = (*session.names, *("",) * len(before))[: len(before)]
    named = tuple(name or "-" for name in given)
    moved = followed([old for old, _ in pairs], [new for _, new in pairs], named)
    names, colours = [""] * count, list(Session().phase_colours(count))
    remarks = []
    for phase, (other, overlap) in moved.items():
        names[other] = given[phase]
        colours[other] = session.phase_colours(len(before))[phase]
        if given[phase] and overlap < SAME:
            remarks.append(
                f"{given[phase]} now covers other pixels than before ({100 * overlap:.0f} % in common): check its name."
            )
    lost = [name for phase, name in enumerate(given) if name and phase not in moved]
    remarks += [f"No phase covers what was {name} before: its name is given to none." for name in lost]
    return tuple(names), tuple(colours), tuple(remarks)


def _sources(job: Job) -> tuple[str, ...]:
    """Say which phases strokes showed, and which were found without."""
    if job.labels is None:
        return ()
    painted = {int(phase) for ids in job.labels if ids is not None for phase in np.unique(ids)}
    alone = [str(phase) for phase in range(job.segmenter.parameters.n_phases) if phase not in painted]
    found = f" Without strokes, phase {' and '.join(alone)} was found among the other pixels." if alone else ""
    return (f"Learned from your strokes.{found}",)
