"""The one loop: step, record, stop. It knows no mathematics."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nmfcore.stopping import Reason, smallest_decrease

__all__ = ["Limits", "Lowest", "Progress", "Solver", "Trace", "iterate"]

# Of sums in float64.
_ROUNDING = 1e-14


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

    def finish(self, lowest: Lowest, *, late: bool) -> None:
        """Offer the factors as they are, then whatever may end the run better; late: what costs no time."""
        ...

    def residual(self, W: NDArray, H: NDArray) -> float:
        """Return |projected gradient| |factor|, summed over W and H, at what was offered."""
        ...


@dataclass(frozen=True)
class Progress:
    """What a callback receives after each iteration.

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
    """When to stop; deadline: a time of `time.perf_counter` after which no iteration begins."""

    tol: float
    max_iter: int
    deadline: float | None = None
    callback: Callable[[Progress], object] | None = None
    verbose: int = 0

    @property
    def seconds_left(self) -> float | None:
        """Until the deadline, at least 0; None where there is none."""
        return None if self.deadline is None else max(0.0, self.deadline - time.perf_counter())


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


class Lowest:
    """The last of the factors offered that did not raise the objective, in float64, above that of the one before.

    Parameters
    ----------
    measure : callable
        Takes W and H, returns the objective and the loss without the penalties, in float64.
    reference : float
        The objective against which errors are relative.
    """

    W: NDArray
    H: NDArray

    def __init__(self, measure: Callable[[NDArray, NDArray], tuple[float, float]], reference: float) -> None:
        self.loss = self.distance = np.inf
        self._measure = measure
        self._reference = reference

    def offer(self, W: NDArray, H: NDArray, known: tuple[float, float] | None = None) -> bool:
        """Take W and H unless that raises the objective; return whether. known: what measuring them would give."""
        loss, distance = known or self._measure(W, H)
        # What the rounding of an entry of either factor to its own precision is worth.
        rounding = float(np.finfo(H.dtype).eps) ** 2 * self._reference
        if self.loss < np.inf and not loss <= self.loss * (1.0 + _ROUNDING) + rounding:
            return False
        self.W, self.H, self.loss, self.distance = W, H, loss, distance
        return True


def iterate(
    solver: Solver,
    lowest: Lowest,
    *,
    start: float,
    reference: float,
    may_vanish: bool,
    scale: float,
    gain: float,
    limits: Limits,
    n_updates: int = 1,
) -> Trace:
    """Step until the expected decrease is not worth it, the solver is stuck, or a limit is reached.

    lowest: decides which of the solver's last factors are returned. may_vanish: whether penalties may have shrunk the
    factors of a stuck solver until zero is as good. scale, gain: what X and the objective were multiplied by; callback
    and print get the user's own. n_updates: as so many updates counts a step of the solver.
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
        elif limits.tol > 0 and expected <= smallest_decrease(solver.loss, reference, limits.tol, n_updates):
            reason = Reason.CONVERGED
        elif limits.seconds_left == 0.0:
            reason = Reason.TIME_LIMIT
        if reason is not Reason.MAX_ITER:
            break
    solver.finish(lowest, late=reason is Reason.TIME_LIMIT)
    residual = solver.residual(lowest.W, lowest.H)
    if may_vanish and reason is Reason.STALLED and lowest.offer(np.zeros_like(lowest.W), np.zeros_like(lowest.H)):
        residual = 0.0
    # On the way the objective was measured in X's precision: what lies below the last value does so by rounding.
    measured = np.maximum([*history[:-1], lowest.loss], lowest.loss)
    return Trace(lowest.W, lowest.H, lowest.distance, residual, measured, len(history) - 1, reason)
