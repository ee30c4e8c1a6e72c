"""Components of two factorizations paired by the cosine between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

__all__ = ["match", "unit_rows"]


def unit_rows(H: NDArray[Any]) -> NDArray[np.float64]:
    """Return the rows of H (k, n) at unit length in float64; a zero row stays."""
    wide = H.astype(np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    return wide / np.where(norms > 0, norms, 1.0)


def match(H: NDArray[Any], other: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return for each row of H the row of the other that belongs to it, one each, and the cosines between them."""
    cosines = unit_rows(H) @ unit_rows(other).T
    rows, columns = linear_sum_assignment(cosines, maximize=True)
    return columns, cosines[rows, columns]
