"""The one process that computes, so that a computation can be cancelled at once and cannot take the app with it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

import numpy as np


class Cancelled(Exception):
    """The user cancelled the computation."""


class WorkerError(RuntimeError):
    """The computation failed; the message says how."""


class Worker:
    """A process that runs one task at a time.

    Notes
    -----
    Numba's threading layer may not be entered by two threads at once; in a process of its own, one task after the
    other, it never is. Cancelling ends the process; the next task gets a new one.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._owner: str | None = None
        self._is_cancelled = False

    def start(self) -> None:
        """Start the process if there is none; it loads and compiles what it needs while nobody waits."""
        if self._process is not None and self._process.is_alive():
            return
        context = SpawnContext()
        self._pipe, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        self._process = process
        theirs.close()

    def run(self, owner: str, task: Callable[..., Iterator[Any]], *arguments: Any) -> Iterator[Any]:
        """Yield what ``task(*arguments)`` yields in the process; wait for the turn first.

        Parameters
        ----------
        owner : str
            Who may cancel it.
        task : callable
            A function of a module.
        *arguments
            Whatever can be pickled.

        Yields
        ------
        object

        Raises
        ------
        Cancelled
            If `cancel` was called.
        ValueError
            If the task raised one; with its message.
        WorkerError
            If the task failed otherwise, or the process died.
        """
        with self._turn:
            self._owner, self._is_cancelled = owner, False
            is_done = False
            try:
                self.start()
                pipe = self._pipe
                assert pipe is not None
                pipe.send((task, arguments))
                while True:
                    kind, content = pipe.recv()
                    if kind == "item":
                        yield content
                        continue
                    is_done = True
                    if kind == "end":
                        return
                    raise (ValueError if kind == "refused" else WorkerError)(content)
            except (EOFError, OSError) as error:
                if self._is_cancelled:
                    raise Cancelled from error
                raise WorkerError(
                    "the computation ended without a result; most likely the memory did not suffice: "
                    "try a smaller or a single image"
                ) from error
            finally:
                self._owner = None
                # Left early, by an error or by a reader who went away: what still comes belongs to nobody.
                if not is_done:
                    self.stop()

    @property
    def is_busy(self) -> bool:
        """Whether a task is running."""
        return self._turn.locked()

    def cancel(self, owner: str) -> bool:
        """End the computation if it is the owner's; say whether it was."""
        process = self._process
        if self._owner != owner or process is None:
            return False
        self._is_cancelled = True
        process.terminate()
        return True

    def stop(self) -> None:
        """End the process, whatever it does."""
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.terminate()
            process.join(5)


def warm_up() -> Iterator[None]:
    """Segment a tiny image, which loads every library and compiled kernel."""
    from segment.model import Segmenter

    yield None
    ramp = np.tile(np.linspace(0, 1, 32, dtype=np.float32), (32, 1))
    Segmenter(2).fit_predict(ramp)


def _serve(pipe: Connection) -> None:
    """Run tasks from the pipe until it closes; the process's main function."""
    # Ctrl-C reaches every process of the terminal; the app ends this one by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for _ in warm_up():
        pass
    while True:
        try:
            task, arguments = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            for item in task(*arguments):
                pipe.send(("item", item))
        except ValueError as error:
            pipe.send(("refused", str(error)))
        except MemoryError:
            pipe.send(("failed", "the memory did not suffice: try a smaller or a single image"))
        except Exception as error:
            pipe.send(("failed", f"{type(error).__name__}: {error}"))
        else:
            pipe.send(("end", None))
