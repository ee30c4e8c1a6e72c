"""The computation that each project waits for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from segment.app.user_error import UserError
from segment.app.words import sentence
from segment.app.worker import Cancelled, Worker, WorkerError
from segment.pipeline import Progress

STAGES = {
    "fit": "Learning phases from",
    "segment": "Mapping phases in",
    "try": "Trying",
    "measure": "Measuring",
    "look": "Looking at",
    "align": "Finding the drift of",
    "objects": "Measuring the objects in",
    "columns": "Finding the columns in",
    "write": "Drawing the columns of",
}
WAITING = "Waiting for the computation before this one to end …"
BROKEN = "Something went wrong inside the program; the terminal says what. Your project is as it was."


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Order:
    """A computation that is to begin.

    Attributes
    ----------
    task : callable
        Yields `Progress`, and its result last; see `segment.app.worker.Worker.run`.
    arguments : tuple
    on_result : callable
        Puts the result into the project; returns what is said then.
    images : tuple of str
        Names, as progress has them, of the images that take part.
    begun, ended : callable
        Called before it begins, and after it ended, however it did.
    """

    task: Callable[..., Any]
    arguments: tuple[Any, ...]
    on_result: Callable[[Any], str]
    images: tuple[str, ...] = ()
    begun: Callable[[], None] = _nothing
    ended: Callable[[], None] = _nothing


@dataclass
class Job:
    """A computation, and how far it is.

    Attributes
    ----------
    kind : str
        What is computed.
    state : {"running", "done", "failed", "cancelled"}
    text : str
        What is said of it.
    done, total : int
        Steps.
    images : dict of str to str
        Of each image that takes part, "waiting", "working" or "done".
    """

    kind: str
    state: str = "running"
    text: str = "Starting …"
    done: int = 0
    total: int = 0
    images: dict[str, str] = field(default_factory=dict)


class Jobs:
    """One computation a project at a time; all of them share one worker.

    Parameters
    ----------
    worker : Worker
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._lock = threading.Lock()
        self._last: dict[str, Job] = {}
        self._threads: list[threading.Thread] = []

    @property
    def threads(self) -> list[threading.Thread]:
        """The threads that wait for computations."""
        return [thread for thread in self._threads if thread.is_alive()]

    def start(self, word: str, kind: str, order: Order) -> None:
        """Begin a computation.

        Parameters
        ----------
        word : str
            Of the project.
        kind : str
        order : Order

        Raises
        ------
        UserError
            If the project waits for a computation already.
        """
        with self._lock:
            if self.of(word) is not None and self._last[word].state == "running":
                raise UserError("A computation is running already: wait for it, or cancel it.")
            job = self._last[word] = Job(kind, images=dict.fromkeys(order.images, "waiting"))
        if self._worker.is_busy:
            job.text = WAITING
        thread = threading.Thread(target=self._follow, args=(word, job, order), daemon=True)
        thread.start()
        self._threads = [*self.threads, thread]

    def of(self, word: str) -> Job | None:
        """Return the last computation of a project."""
        return self._last.get(word)

    def cancel(self, word: str) -> None:
        """End the computation of a project, at once."""
        job = self.of(word)
        if job is not None and job.state == "running":
            job.state, job.text = "cancelled", "Cancelled."
            self._worker.cancel(_owner(word, job))

    def forget(self, word: str) -> None:
        """Cancel what a project waits for, and let go of it."""
        self.cancel(word)
        self._last.pop(word, None)

    def _follow(self, word: str, job: Job, order: Order) -> None:
        try:
            order.begun()
            with closing(self._worker.run(_owner(word, job), order.task, *order.arguments)) as items:  # pyright: ignore[reportArgumentType]
                for item in items:
                    if job.state != "running":
                        return
                    if isinstance(item, Progress):
                        _advance(job, item)
                    else:
                        job.text = order.on_result(item)
                        job.images = dict.fromkeys(job.images, "done")
            if job.state == "running":
                job.state = "done"
        except Cancelled:
            return
        except (ValueError, WorkerError) as error:
            self._fail(job, sentence(str(error)))
        except Exception as error:
            logging.getLogger("segment.app").error("a computation met an error", exc_info=error)
            self._fail(job, BROKEN)
        finally:
            order.ended()

    def _fail(self, job: Job, text: str) -> None:
        if job.state == "running":
            job.text, job.state = text, "failed"


def _owner(word: str, job: Job) -> str:
    return f"{word}-{id(job)}"


def _advance(job: Job, item: Progress) -> None:
    job.text = f"{STAGES.get(item.stage, item.stage)} {item.name} …"
    job.done, job.total = item.done, item.total
    for name, state in job.images.items():
        if state == "working":
            job.images[name] = "done"
    if item.name in job.images:
        job.images[item.name] = "working"
