"""L2: 1/2 strength * sum of F squared, on W or on H."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmfcore.penalties.penalty import Penalty
from nmfcore.penalties.terms import Terms


def value(F: NDArray, strength: float) -> float:
    """Return 1/2 strength * |F|_F^2."""
    return 0.5 * strength * float(np.sum(np.square(F, dtype=np.float64)))


@dataclass(frozen=True)
class L2W(Penalty):
    """1/2 strength * |W|_F^2."""

    strength: float
    degree = 2

    def value(self, W: NDArray, H: NDArray) -> float:
        """Return the penalty for W (m, k) and H (k, n)."""
        return value(W, self.strength)

    def contribute_W(self, terms: Terms, H: NDArray) -> None:
        """Add the penalty to the terms of W."""
        terms.l2 += self.strength

    def contribute_H(self, terms: Terms, W: NDArray) -> None:
        """Leave the terms of H alone."""


@dataclass(frozen=True)
class L2H(Penalty):
    """1/2 strength * |H|_F^2."""

    strength: float
    degree = 2

    def value(self, W: NDArray, H: NDArray) -> float:
        """Return the penalty for W (m, k) and H (k, n)."""
        return value(H, self.strength)

    def contribute_W(self, terms: Terms, H: NDArray) -> None:
        """Leave the terms of W alone."""

    def contribute_H(self, terms: Terms, W: NDArray) -> None:
        """Add the penalty to the terms of H."""
        terms.l2 += self.strength
