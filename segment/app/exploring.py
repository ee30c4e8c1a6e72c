"""The contact sheet: many segmentations of the shown image, and the choice of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from segment.app.preset_file import with_preset
from segment.app.session import Session, Sheet
from segment.app.user_error import UserError
from segment.explore import Exploration, gather, run_trials
from segment.pipeline import Progress
from segment.records import Micrograph

N_PHASES = (2, 3, 4)
# Maps whose adjusted Rand index is larger are one card: nineteen pixels of twenty and more are the same in them.
JOINED = 0.85


def explore_image(image: Micrograph, n_phases: Sequence[int], random_state: int) -> Iterator[Progress | Exploration]:
    """Try every candidate; progress before each, the exploration without the image's pixels last.

    Parameters
    ----------
    image : Micrograph
    n_phases : sequence of int
        Numbers of phases to try.
    random_state : int

    Yields
    ------
    Progress or Exploration
    """
    trials, total = [], None
    for trial, total in run_trials(image, n_phases, random_state=random_state):
        trials.append(trial)
        yield Progress("try", len(trials), total, f"{len(trials)} of {total} ways to segment {image.name}")
    yield replace(gather(image, trials, JOINED), micrograph=replace(image, image=image.image[:0]))


def show_sheet(session: Session, image: Micrograph, found: Exploration) -> Session:
    """Return the session with the exploration of an image, none of its candidates chosen."""
    return replace(session, sheet=Sheet(replace(found, micrograph=image)))


def choose(session: Session, number: int, most_phases: int) -> Session:
    """Learn with a candidate's settings from now on.

    Parameters
    ----------
    session : Session
    number : int
        From 1.
    most_phases : int
        Most phases that the page can ask for.

    Returns
    -------
    Session

    Raises
    ------
    UserError
        If there is no such candidate.
    """
    sheet = session.sheet
    if sheet is None or not 1 <= number <= len(sheet.exploration.candidates):
        raise UserError(f"There is no candidate {number}: press Explore first.")
    candidate = sheet.exploration.candidates[number - 1]
    preset = replace(candidate.parameters, preset=f"candidate {number}")
    return with_preset(replace(session, sheet=replace(sheet, chosen=number)), preset, most_phases)
