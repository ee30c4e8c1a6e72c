"""Orthogonality of the rows of H: 1/2 strength * |HH' - I|_F^2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmfcore.penalties.penalty import Penalty
from nmfcore.penalties.terms import Terms


@dataclass(frozen=True)
class Orthogonality(Penalty):
    """1/2 strength * |HH' - I|_F^2; no homogeneous function."""

    strength: float

    def value(self, W: NDArray, H: NDArray) -> float:
        """Return the penalty for W (m, k) and H (k, n)."""
        wide = H.astype(np.float64)
        return 0.5 * self.strength * float(np.sum((wide @ wide.T - np.eye(len(H))) ** 2))

    def contribute_W(self, terms: Terms, H: NDArray) -> None:
        """Leave the terms of W alone."""

    def contribute_H(self, terms: Terms, W: NDArray) -> None:
        """Add the penalty to the terms of H."""
        terms.orthogonality += self.strength
