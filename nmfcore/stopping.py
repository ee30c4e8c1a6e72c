"""When an iteration ends, and why."""

from __future__ import annotations

from enum import Enum

import numpy as np

# A step of Newton's method on rows is judged like ten updates: 1 to 13 of them get as far, 4 in the median.
NEWTON = 10


class Reason(Enum):
    """Why a factorization stopped."""

    CONVERGED = "converged"
    STALLED = "no step lowers the objective further: it is at the limit of its precision"
    MAX_ITER = "max_iter reached"
    TIME_LIMIT = "time_limit reached"
    CALLBACK = "stopped by the callback"
    SOLVED = "the problem has a closed form"

    @property
    def converged(self) -> bool:
        """Whether more iterations would not help."""
        return self in (Reason.CONVERGED, Reason.STALLED, Reason.SOLVED)


def smallest_decrease(loss: float, reference: float, tol: float, n_updates: int = 1) -> float:
    """Return the decrease of the objective that is no longer worth an iteration.

    ``tol`` has one meaning for every solver and loss: with the relative error e = sqrt(objective / reference), ten
    updates of both factors that lower e by less than tol end the run. An iteration counts as n_updates of them. The
    reference is the objective of W = 0 for the Frobenius loss, and the divergence of X from its mean for the others,
    where that of W = 0 is infinite.
    """
    return 2.0 * np.sqrt(max(loss, 0.0) * reference) * tol * n_updates / 10.0
