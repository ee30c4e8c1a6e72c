"""When an iteration ends, and why."""

from __future__ import annotations

from enum import Enum

import numpy as np


class Reason(Enum):
    """Why a factorization stopped."""

    CONVERGED = "converged"
    STALLED = "no step lowers the objective further: it is at the limit of its precision"
    MAX_ITER = "max_iter"
    SOLVED = "the problem has a closed form"

    @property
    def converged(self) -> bool:
        """Whether more iterations would not help."""
        return self is not Reason.MAX_ITER


def smallest_decrease(loss: float, reference: float, tol: float) -> float:
    """Return the decrease of the objective that is no longer worth an iteration.

    ``tol`` has one meaning for every solver: with the relative error e = sqrt(objective / reference), where the
    reference is the objective of W = 0, an iteration that lowers e by less than tol / 100 ends the run.
    """
    return 2.0 * np.sqrt(max(loss, 0.0) * reference) * tol / 100.0
