"""What takes longer than a moment: how each computation is ordered, and what becomes of its result."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from segment.app.atoms import columns_of, find_atoms
from segment.app.exploring import N_PHASES, explore_image, show_sheet
from segment.app.films import film_of, measure_film
from segment.app.jobs import Order
from segment.app.measuring import measure, wanted_of
from segment.app.project import Project
from segment.app.refitting import prepare_refit, take_refit
from segment.app.segmentation import Outcome, compare, prepare, segment, take_maps
from segment.app.session import Findings, Measured, Session
from segment.app.settings import parameters_of, read_whole
from segment.app.standards import material_of, rate
from segment.app.user_error import UserError
from segment.app.words import counted

NEXT = "Name the phases on the right; paint strokes where the map is wrong."


# What undo calls what a tab shows.
DONE = {"standard": "the standard", "film": "the film", "atoms": "the columns"}


def _segment(project: Project, values: Mapping[str, Any]) -> Order:
    images = [str(name) for name in values.get("images", ())]
    if values.get("refit"):
        return _refit(project, images[0])
    job = _checked(lambda: prepare(project.session, images))

    def take(outcome: Outcome) -> str:
        remarks: list[str] = []

        def placed(session: Session) -> Session:
            after, said = take_maps(session, job, outcome)
            remarks.extend(said)
            return after

        project.change("the segmentation", placed)
        done = f"{counted(len(job.images), 'image')} segmented. {NEXT}"
        return "\n".join([done, *remarks, *outcome.notes])

    return Order(segment, (job,), take, tuple(image.name for image in job.images))


def _refit(project: Project, image: str) -> Order:
    job = _checked(lambda: prepare_refit(project.session, image))

    def take(outcome: Outcome) -> str:
        project.change("the refit", lambda session: take_refit(session, job, outcome))
        return "\n".join([f"{image} is refitted by its strokes; the other maps are as they were.", *outcome.notes])

    return Order(segment, (job,), take, (job.images[0].name,))


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
    return _found(
        project, "standard", rate, lambda folder: material_of(project.session, str(values.get("kind")), folder)
    )


def _film(project: Project, values: Mapping[str, Any]) -> Order:
    return _found(project, "film", measure_film, lambda folder: film_of(project.session, values, folder))


def _atoms(project: Project, values: Mapping[str, Any]) -> Order:
    return _found(project, "atoms", find_atoms, lambda folder: columns_of(project.session, values, folder))


def _found(project: Project, tab: str, task: Callable[..., Any], prepare: Callable[[Path], Any]) -> Order:
    """Order what writes files in a folder of its own, which goes when it ends, and whose findings a tab shows."""
    folder = project.path / f"{tab}-files"
    prepared = prepare(folder)

    def begun() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()

    def take(found: Findings) -> str:
        project.change(DONE[tab], lambda session: replace(session, **{tab: found}))
        of = found.image or counted(len(project.session.fields), "image")
        return f"{found.title}: measured on {of}."

    def ended() -> None:
        shutil.rmtree(folder, ignore_errors=True)

    return Order(task, (prepared,), take, begun=begun, ended=ended)


COMPUTATIONS: dict[str, Callable[[Project, Mapping[str, Any]], Order]] = {
    "segment": _segment,
    "compare": _compare,
    "explore": _explore,
    "measure": _measure,
    "rate": _rate,
    "film": _film,
    "atoms": _atoms,
}


def _checked(prepared: Callable[[], Any]) -> Any:
    """Return what is prepared; a setting out of its range is the user's to put right."""
    try:
        return prepared()
    except ValueError as error:
        raise UserError(str(error)) from error
