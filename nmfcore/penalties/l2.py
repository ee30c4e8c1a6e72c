"""L2: 1/2 strength * sum of F squared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore.penalties.terms import Terms


def value(F: NDArray, strength: float) -> float:
    """Return 1/2 strength * |F|_F^2."""
    return 0.5 * strength * float(np.sum(np.square(F, dtype=np.float64)))


def contribute(terms: Terms, strength: float) -> None:
    """Add the penalty to the terms of a factor."""
    terms.l2 += strength
