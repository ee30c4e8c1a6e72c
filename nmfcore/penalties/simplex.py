"""Rows of W that sum to one: a constraint, in the place of a penalty."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nmfcore.penalties.penalty import Penalty
from nmfcore.penalties.terms import Terms

# In sums of entries of float32.
_ROUNDING = 64 * float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class SumToOne(Penalty):
    """0 where every row of W sums to ``total``, infinite elsewhere, whatever the strength."""

    strength: float = 1.0
    total: float = 1.0
    degree = 0

    def value(self, W: NDArray, H: NDArray) -> float:
        """Return 0 if the rows of W (m, k) have the sum, to rounding; else infinity."""
        sums = W.sum(axis=1, dtype=np.float64)
        return 0.0 if np.all(np.abs(sums - self.total) <= _ROUNDING * self.total) else np.inf

    def contribute(self, terms: Terms, F: NDArray, C: NDArray) -> None:
        """Prescribe the sum of the rows of W."""
        if terms.factor == "W":
            terms.total = self.total

    def scaled(self, scale: float, beta: float) -> SumToOne:
        """Return the constraint for both factors times sqrt(scale)."""
        return replace(self, total=self.total * float(np.sqrt(scale)))
