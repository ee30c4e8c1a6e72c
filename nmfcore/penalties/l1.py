"""L1: strength * sum of |F|, the same strength for every entry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def value(F: NDArray, strength: float) -> float:
    """Return strength * |F|_1."""
    return strength * float(np.sum(np.abs(F), dtype=np.float64))
