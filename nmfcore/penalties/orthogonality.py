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

    def contribute(self, terms: Terms, F: NDArray, C: NDArray) -> None:
        """Add 1/2 strength (|F'F|^2 - 2 |F|^2) to the terms of F = H'."""
        if terms.factor == "H":
            terms.quartic += self.strength
            terms.gram = terms.gram - 2.0 * self.strength * np.eye(len(terms.gram))
