"""What takes longer than a moment: how each computation is ordered, and what becomes of its result."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from segment.app.exploring import N_PHASES, explore_image, show_sheet
from segment.app.measuring import measure, wanted_of
from segment.app.project import Project
from segment.app.segmentation import Outcome, compare, prepare, segment, take_maps
from segment.app.session import Measured, Session
from segment.app.settings import parameters_of, read_whole
from segment.app.standards import material_of, rate
from segment.app.user_error import UserError

NEXT = "Name the phases on the right; paint strokes where the map is wrong."


@dataclass(frozen=True)
class Order:
    """A computation that is to begin.

    Attributes
    ----------
    task : callable
        See `segment.app.worker.Worker.run`.
    arguments : tuple
    on_result : callable
        Puts the result into the project; returns what is said then.
    images : tuple of str
        Names of the images that take part.
    """

    task: Callable[..., Any]
    arguments: tuple[Any, ...]
    on_result: Callable[[Any], str]
    images: tuple[str, ...] = ()


def _segment(project: Project, values: Mapping[str, Any]) -> Order:
    job = _checked(lambda: prepare(project.session, [str(name) for name in values.get("images", ())]))

    def take(outcome: Outcome) -> str:
        remarks: list[str] = []

        def placed(session: Session) -> Session:
            after, said = take_maps(session, job, outcome)
            remarks.extend(said)
            return after

        project.change("the segmentation", placed)
        count = len(job.images)
        done = f"{count} image{'' if count == 1 else 's'} segmented. {NEXT}"
        return "\n".join([done, *remarks, *outcome.notes])

    return Order(segment, (job,), take, tuple(image.name for image in job.images))


def _compare(project: Project, values: Mapping[str, Any]) -> Order:
    session = project.session
    if not session.fields:
        raise UserError("There is no image yet: drop one first.")
    shown = session.index_of(str(values["image"])) if values.get("image") else 0
    most = session.settings.most
    images = tuple(field.micrograph for field in session.fields)
    parameters = _checked(lambda: parameters_of(session.settings, session.own))

    def take(found: Any) -> str:
        project.change("the comparison", lambda session: replace(session, comparison=found))
        return f"Compared 1 to {most} phases."

    return Order(compare, (images, shown, range(1, most + 1), parameters), take)


def _explore(project: Project, values: Mapping[str, Any]) -> Order:
    session = project.session
    if not session.fields:
        raise UserError("There is no image yet: drop one first.")
    field = session.fields[session.index_of(str(values.get("image")))]
    numbers = sorted({*N_PHASES, session.settings.n_phases})

    def take(found: Any) -> str:
        project.change("the exploration", lambda session: show_sheet(session, field.micrograph, found))
        return f"{len(found.candidates)} distinct maps of {found.n_tried}. Click the one that fits."

    return Order(explore_image, (field.micrograph, numbers, session.settings.seed), take, (field.micrograph.name,))


def _measure(project: Project, values: Mapping[str, Any]) -> Order:
    session, image = project.session, str(values.get("image"))
    smallest = values.get("min_pixels")
    least = None if smallest in ("", None) else read_whole("The smallest object in pixels", smallest)
    wanted, what = wanted_of(session, image, str(values.get("what")), bool(values.get("split", True)), least)

    def take(found: Any) -> str:
        measured = Measured(image, what, found)
        project.change("the measurement", lambda session: replace(session, measured=measured))
        return f"{len(found)} objects measured. Click one in the image or a row of the table."

    return Order(measure, (wanted,), take, (wanted.image.name,))


def _rate(project: Project, values: Mapping[str, Any]) -> Order:
    folder = project.path / "standard"
    material = material_of(project.session, str(values.get("kind")), folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()

    def take(found: Any) -> str:
        shutil.rmtree(folder, ignore_errors=True)
        project.change("the standard", lambda session: replace(session, rated=found))
        return f"{found.title}: measured on {len(material.images)} image{'s' if len(material.images) > 1 else ''}."

    return Order(rate, (material,), take, material.names)


COMPUTATIONS: dict[str, Callable[[Project, Mapping[str, Any]], Order]] = {
    "segment": _segment,
    "compare": _compare,
    "explore": _explore,
    "measure": _measure,
    "rate": _rate,
}


def _checked(prepared: Callable[[], Any]) -> Any:
    """Return what is prepared; a setting out of its range is the user's to put right."""
    try:
        return prepared()
    except ValueError as error:
        raise UserError(str(error)) from error
