"""L2: 1/2 strength * sum of F squared, on W or on H."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmfcore.penalties.penalty import Penalty
from nmfcore.penalties.terms import Terms


@dataclass(frozen=True)
class L2(Penalty):
    """1/2 strength * |W|_F^2, or the same of H."""

    strength: float
    factor: str = "W"
    degree = 2
    is_constant = True

    def value(self, W: NDArray, H: NDArray) -> float:
        """Return the penalty for W (m, k) and H (k, n)."""
        return 0.5 * self.strength * float(np.sum(np.square(W if self.factor == "W" else H, dtype=np.float64)))

    def contribute(self, terms: Terms, F: NDArray, C: NDArray) -> None:
        """Add the penalty to the terms of its factor."""
        if terms.factor == self.factor:
            terms.diagonal = terms.diagonal + self.strength
