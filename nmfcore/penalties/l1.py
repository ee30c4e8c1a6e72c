"""L1: strength * sum of |F|."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore.penalties.terms import Terms


def value(F: NDArray, strength: float) -> float:
    """Return strength * |F|_1."""
    return strength * float(np.sum(F, dtype=np.float64))


def contribute(terms: Terms, strength: float) -> None:
    """Add the penalty to the terms of a factor."""
    terms.l1 += strength
