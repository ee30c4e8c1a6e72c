"""L1: strength * sum of |F|, on W or on H."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmfcore.penalties.penalty import Penalty
from nmfcore.penalties.terms import Terms


@dataclass(frozen=True)
class L1(Penalty):
    """strength * |W|_1, or the same of H."""

    strength: float
    factor: str = "W"
    degree = 1
    is_constant = True

    def value(self, W: NDArray, H: NDArray) -> float:
        """Return the penalty for W (m, k) and H (k, n)."""
        return self.strength * float(np.sum(W if self.factor == "W" else H, dtype=np.float64))

    def contribute(self, terms: Terms, F: NDArray, C: NDArray) -> None:
        """Add the penalty to the terms of its factor."""
        if terms.factor == self.factor:
            terms.linear = terms.linear + self.strength
