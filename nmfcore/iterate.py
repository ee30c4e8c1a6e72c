"""The one loop: step, record, stop. It knows no mathematics."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nmfcore.stopping import Reason, smallest_decrease

__all__ = ["Limits", "Progress", "Solver", "Trace", "iterate"]


class Solver(Protocol):
    """A descent method in the middle of its work: ``loss`` is its objective, ``distance`` without the penalties."""

    loss: float

    @property
    def distance(self) -> float:
        """The loss without the penalties."""
        ...

    def step(self) -> float | None:
        """Move to factors of lower objective; return the decrease to expect of the next step, None if stuck."""
        ...

    def factors(self) -> tuple[NDArray, NDArray]:
        """Return copies of W and H as they are."""
        ...

    def finish(self) -> tuple[NDArray, NDArray]:
        """Return W, solved for the final H, and H."""
        ...

    def residual(self) -> float:
        """Return |projected gradient| |factor|, summed over W and H."""
        ...


@dataclass(frozen=True)
class Progress:
    """What a callback is told after each iteration.

    Attributes
    ----------
    n_iter : int
        Iterations done.
    loss : float
        Objective.
    seconds : float
        Time since the first iteration began.
    solver : Solver
        What is at work.
    scale : float
        What X was multiplied by for it.
    """

    n_iter: int
    loss: float
    seconds: float
    solver: Solver
    scale: float

    def factors(self) -> tuple[NDArray, NDArray]:
        """Return copies of the current W (n_samples, n_components) and H (n_components, n_features).

        Returns
        -------
        W, H : ndarray
            The factors whose objective is ``loss``.

        Examples
        --------
        >>> import numpy as np
        >>> from nmfcore import factorize
        >>> shapes = []
        >>> _ = factorize(np.eye(4), 2, callback=lambda progress: shapes.append(progress.factors()[0].shape))
        >>> shapes[0]
        (4, 2)
        """
        W, H = self.solver.factors()
        if self.scale == 1.0:
            return W, H
        root = W.dtype.type(np.sqrt(self.scale))
        return W / root, H / root


@dataclass(frozen=True)
class Limits:
    """When to stop."""

    tol: float
    max_iter: int
    time_limit: float | None = None
    callback: Callable[[Progress], object] | None = None
    verbose: int = 0


@dataclass(frozen=True)
class Trace:
    """The factors that an iteration came to, and its course."""

    W: NDArray
    H: NDArray
    distance: float
    residual: float
    loss_history: NDArray[np.float64]
    n_iter: int
    reason: Reason


def iterate(solver: Solver, *, start: float, reference: float, scale: float, gain: float, limits: Limits) -> Trace:
    """Step until the expected decrease is not worth it, the solver is stuck, or a limit is reached.

    scale, gain: what X and the objective were multiplied by; callback and print get the user's own.
    """
    history = [start]
    reason = Reason.MAX_ITER
    began = time.perf_counter()
    while len(history) <= limits.max_iter:
        expected = solver.step()
        history.append(solver.loss)
        progress = Progress(len(history) - 1, solver.loss / gain, time.perf_counter() - began, solver, scale)
        if limits.verbose:
            print(f"iteration {progress.n_iter}: objective {progress.loss:.9g}")
        if limits.callback is not None and limits.callback(progress):
            reason = Reason.CALLBACK
        elif expected is None:
            reason = Reason.STALLED
        elif limits.tol > 0 and expected <= smallest_decrease(solver.loss, reference, limits.tol):
            reason = Reason.CONVERGED
        elif limits.time_limit is not None and progress.seconds >= limits.time_limit:
            reason = Reason.TIME_LIMIT
        if reason is not Reason.MAX_ITER:
            break
    W, H = solver.finish()
    # The final solve of W belongs to the last iteration; what it loses to rounding is none of the user's history.
    history[-1] = min(history[-1], solver.loss)
    return Trace(W, H, solver.distance, solver.residual(), np.array(history), len(history) - 1, reason)
