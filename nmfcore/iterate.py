"""The one loop: step, record, stop. It knows no mathematics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nmfcore.stopping import Reason, smallest_decrease


class Solver(Protocol):
    """A descent method in the middle of its work: ``loss`` is the objective at its factors, ``distance`` without penalties."""

    loss: float

    @property
    def distance(self) -> float: ...

    def step(self) -> float | None:
        """Move to factors of lower objective; return the decrease to expect of the next step, None if stuck."""
        ...

    def finish(self) -> tuple[NDArray, NDArray]:
        """Return W, solved for the final H, and H."""
        ...


@dataclass(frozen=True)
class Trace:
    """The factors that an iteration came to, and its course."""

    W: NDArray
    H: NDArray
    distance: float
    loss_history: NDArray[np.float64]
    n_iter: int
    reason: Reason


def iterate(solver: Solver, *, start: float, reference: float, tol: float, max_iter: int, verbose: int = 0) -> Trace:
    """Step until the expected decrease is not worth it, the solver is stuck, or max_iter is reached."""
    history = [start]
    reason = Reason.MAX_ITER
    while len(history) <= max_iter:
        expected = solver.step()
        history.append(solver.loss)
        if verbose:
            print(f"iteration {len(history) - 1}: objective {solver.loss:.9g}")
        if expected is None:
            reason = Reason.STALLED
            break
        if expected <= smallest_decrease(solver.loss, reference, tol) and tol > 0:
            reason = Reason.CONVERGED
            break
    W, H = solver.finish()
    # The final solve of W belongs to the last iteration.
    history[-1] = min(history[-1], solver.loss)
    return Trace(W, H, solver.distance, np.array(history), len(history) - 1, reason)
