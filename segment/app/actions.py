"""What happens when somebody drops, clicks or types: from a tab and plain values to a session and a message."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from segment.app import views
from segment.app.corrections import correct
from segment.app.desk import Desk
from segment.app.exploring import N_PHASES, choose, explore_image, hang
from segment.app.limits import Limits
from segment.app.model_file import forget_model
from segment.app.phases import point, recolour, rename
from segment.app.segmentation import Outcome, accept, compare, prepare, segment
from segment.app.session import Session, UserError, remove, show
from segment.app.settings import read_composition, read_settings
from segment.app.strokes import count_strokes, paint, undo, wipe
from segment.app.uploads import Inbox, take
from segment.app.worker import Worker
from segment.phases import PhaseComparison
from segment.pipeline import Progress

WELCOME = "Drop a micrograph to begin. It stays on this machine."
NEXT = "Name the phases on the right; paint strokes where the map is wrong."
STAGES = {"fit": "Learning phases from", "segment": "Mapping phases in", "try": "Trying"}


@dataclass(frozen=True)
class Actions:
    """Every action of the page, for any tab. Each returns the tab's new session and a message as HTML.

    Attributes
    ----------
    desk : Desk
    inbox : Inbox
    worker : Worker
    limits : Limits
    """

    desk: Desk
    inbox: Inbox
    worker: Worker
    limits: Limits

    def take(self, tab: str, event: Mapping[str, Any]) -> tuple[Session, str]:
        """Read what was uploaded; `event` holds the browser's own refusals."""
        complaints = [str(text) for text in event.get("refusals", ())]
        files = self.inbox.collect(self.desk.token(tab))
        before = self.desk.get(tab)
        # Reading takes a while, and the desk is everybody's: what was read is put down when it is complete.
        after, further = take(before, files, self.limits)
        complaints += further
        session = self.desk.update(tab, lambda _: after)
        count = len(after.fields) - len(before.fields)
        if complaints:
            if count:
                complaints.append(f"The other {count} are open." if count > 1 else "The other one is open.")
            return session, views.status("\n".join(complaints), is_error=True)
        if session.restored is not None and session.is_loaded:
            return session, views.status("Model, names and settings of the side-car are back. Segment applies them.")
        if session.restored is not None:
            return session, views.status(f"The preset {session.restored.parameters.preset} is set. Segment uses it.")
        if not count:
            return session, views.status("The model is loaded. Segment applies it to your images.")
        return session, views.status(
            f"{_counted(count, 'image')} opened. Check the band and the pixel size; then Explore, or Segment at once."
        )

    def show(self, tab: str, file_name: str) -> tuple[Session, str]:
        """Turn to another image."""
        session = self.desk.update(tab, lambda session: show(session, file_name))
        return session, views.status(f"{file_name}.")

    def remove(self, tab: str) -> tuple[Session, str]:
        """Put the shown image away."""
        field = self.desk.get(tab).field
        if field is None:
            raise UserError("There is no image to remove.")
        return self.desk.update(tab, remove), views.status(f"{field.file_name} is put away.")

    def correct(
        self, tab: str, band_top: float | None, pixel_size_um: float | None, everywhere: bool
    ) -> tuple[Session, str]:
        """Correct the band and the pixel size of the shown image, or of all."""
        session = self.desk.update(
            tab, lambda session: correct(session, band_top, pixel_size_um, everywhere=everywhere)
        )
        missing = len(session.fields) - len(session.mapped)
        again = " Segment again to map what changed." if missing and session.segmenter is not None else ""
        return session, views.status(f"Corrected.{again}")

    def forget(self, tab: str) -> tuple[Session, str]:
        """Learn from the images again instead of applying a loaded model."""
        return self.desk.update(tab, forget_model), views.status("The next Segment learns phases from your images.")

    def point(self, tab: str, event: Mapping[str, Any]) -> tuple[Session, str]:
        """Say which phase is at a point, and select it."""
        session, spot = point(self.desk.get(tab), float(event["x"]), float(event["y"]))
        self.desk.update(tab, lambda _: session)
        name = session.names[spot.phase]
        return session, views.status(
            f"Row {spot.row}, column {spot.column}: {name}, share {spot.share:.2f}. Type its name on the right."
        )

    def edit(self, tab: str, event: Mapping[str, Any]) -> tuple[Session, str]:
        """Name or colour a phase."""
        phase, content = int(event["phase"]), str(event["content"])
        change = rename if event["what"] == "name" else recolour
        session = self.desk.update(tab, lambda session: change(session, phase, content))
        return session, views.status(f"Phase {phase} is {session.names[phase]}.")

    def offer(self, tab: str, n_phases: float | None) -> tuple[Session, str]:
        """Let so many phases be painted."""
        asked = min(max(int(n_phases or 0), 2), self.limits.n_phases)
        return self.desk.update(tab, lambda session: replace(session, n_phases=asked)), ""

    def stroke(self, tab: str, event: Mapping[str, Any]) -> tuple[Session, str]:
        """Paint a stroke on the shown image, or take the last one or all of them back."""
        name, what = str(event["name"]), event["what"]
        if what == "paint":
            phase, width = int(event["phase"]), float(event["width"])
            points = [(float(x), float(y)) for x, y in event["points"]]
            session = self.desk.update(tab, lambda session: paint(session, name, phase, width, points))
        else:
            change = undo if what == "undo" else wipe
            session = self.desk.update(tab, lambda session: change(session, name))
        count = count_strokes(session)
        if not count:
            return session, views.status("No strokes: Segment learns from the images alone.")
        return session, views.status(f"{_counted(count, 'stroke')}. Segment learns from what you painted.")

    def segment(self, tab: str, known: str | None, *settings: Any) -> Generator[str | tuple[Session, str]]:
        """Segment the tab's images: messages about the progress first, session and message last.

        Parameters
        ----------
        tab : str
        known : str or None
            Known fractions, as `read_composition`.
        *settings : object
            As `read_settings`.

        Raises
        ------
        UserError
            If there is no image, or a setting is out of its range; says which.
        Cancelled, WorkerError
            As `Worker.run`.
        """
        try:
            session = self.desk.get(tab)
            job = prepare(session, read_settings(session.own, *settings))
            job = replace(job, composition=read_composition(known, job.segmenter.parameters.n_phases))
            for item in self.worker.run(tab, segment, job):
                if not isinstance(item, Outcome):
                    yield views.working(f"{STAGES[item.stage]} {item.name} …", item.done, item.total)
                    continue
                session = self.desk.update(tab, lambda session, found=item: accept(session, job, found))
                notes = "".join(f"\n{note}" for note in item.notes)
                done = f"{_counted(len(job.images), 'image')} segmented. {NEXT}{notes}"
                yield session, views.status(done)
        except ValueError as error:
            raise UserError(str(error)) from error

    def compare(self, tab: str, most: int, *settings: Any) -> Generator[str | tuple[Session, str]]:
        """Compare numbers of phases from 1 up to `most`: messages first, session and message last."""
        try:
            session = self.desk.get(tab)
            if not session.fields:
                raise UserError("There is no image yet: drop one first.")
            images = tuple(field.micrograph for field in session.fields)
            parameters = read_settings(session.own, *settings)
            for item in self.worker.run(tab, compare, images, range(1, int(most) + 1), parameters):
                if isinstance(item, PhaseComparison):
                    session = self.desk.update(
                        tab,
                        lambda session, found=item: replace(session, comparison=found, version=session.version + 1),
                    )
                    yield session, views.status(f"Compared 1 to {int(most)} phases.")
                else:
                    yield views.working(f"{STAGES[item.stage]} {item.name} …")
        except ValueError as error:
            raise UserError(str(error)) from error

    def explore(self, tab: str, n_phases: int, *settings: Any) -> Generator[str | tuple[Session, str]]:
        """Segment the shown image in many ways: messages first, session and message last."""
        try:
            session = self.desk.get(tab)
            if session.field is None:
                raise UserError("There is no image yet: drop one first.")
            image, seed = session.field.micrograph, read_settings(session.own, *settings).random_state
            numbers = sorted({*N_PHASES, int(n_phases)})
            for item in self.worker.run(tab, explore_image, image, numbers, seed):
                if isinstance(item, Progress):
                    yield views.working(f"{STAGES[item.stage]} {item.name} …", item.done, item.total)
                    continue
                session = self.desk.update(tab, lambda session, found=item: hang(session, image, found))
                count = len(item.candidates)
                yield session, views.status(f"{count} distinct maps of {item.n_tried}. Click the one that fits.")
        except ValueError as error:
            raise UserError(str(error)) from error

    def choose(self, tab: str, event: Mapping[str, Any]) -> tuple[Session, str]:
        """Take over a candidate's settings."""
        number = int(event["number"])
        session = self.desk.update(tab, lambda session: choose(session, number))
        return session, views.status(f"Candidate {number} is chosen. Segment maps your images with its settings.")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
