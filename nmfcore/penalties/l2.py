"""L2: 1/2 strength * sum of F squared, the same strength for every entry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def value(F: NDArray, strength: float) -> float:
    """Return 1/2 strength * |F|_F^2."""
    return 0.5 * strength * float(np.sum(np.square(F, dtype=np.float64)))
