"""L1: strength * sum of |F|, on W or on H."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmfcore.penalties.penalty import Penalty
from nmfcore.penalties.terms import Terms


def value(F: NDArray, strength: float) -> float:
    """Return strength * |F|_1."""
    return strength * float(np.sum(F, dtype=np.float64))


@dataclass(frozen=True)
class L1W(Penalty):
    """strength * |W|_1."""

    strength: float
    degree = 1

    def value(self, W: NDArray, H: NDArray) -> float:
        """Return the penalty for W (m, k) and H (k, n)."""
        return value(W, self.strength)

    def contribute_W(self, terms: Terms, H: NDArray) -> None:
        """Add the penalty to the terms of W."""
        terms.l1 += self.strength

    def contribute_H(self, terms: Terms, W: NDArray) -> None:
        """Leave the terms of H alone."""


@dataclass(frozen=True)
class L1H(Penalty):
    """strength * |H|_1."""

    strength: float
    degree = 1

    def value(self, W: NDArray, H: NDArray) -> float:
        """Return the penalty for W (m, k) and H (k, n)."""
        return value(H, self.strength)

    def contribute_W(self, terms: Terms, H: NDArray) -> None:
        """Leave the terms of W alone."""

    def contribute_H(self, terms: Terms, W: NDArray) -> None:
        """Add the penalty to the terms of H."""
        terms.l1 += self.strength
