"""Orthogonality of the rows of H: 1/2 strength * |HH' - I|_F^2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore.penalties.terms import Terms


def value(H: NDArray, strength: float) -> float:
    """Return the penalty for H (k, n)."""
    wide = H.astype(np.float64)
    return 0.5 * strength * float(np.sum((wide @ wide.T - np.eye(len(H))) ** 2))


def contribute(terms: Terms, strength: float) -> None:
    """Add the penalty to the terms of H."""
    terms.orthogonality += strength
