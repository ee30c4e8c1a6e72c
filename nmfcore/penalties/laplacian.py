"""Spatial Laplacian: 1/2 strength * sum_t |h_t|^2 w_t' L w_t, with w_t the columns of W and h_t the rows of H.

w' L w = 1/2 sum_ij a_ij (w_i - w_j)^2 over the neighbours of the graph. The weight |h_t|^2 makes the penalty the same
for (c w_t, h_t / c): without it, W would shrink and H grow, and nothing would be smoother. In the step on W it is a
quadratic that couples neighbours; in the step on H it is an L2 penalty of strength w_t' L w_t on h_t. Both are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmfcore.graphs import Graph
from nmfcore.penalties.penalty import Penalty
from nmfcore.penalties.terms import Terms


@dataclass(frozen=True)
class Laplacian(Penalty):
    """1/2 strength * sum_t |h_t|^2 w_t' L w_t for the neighbours of ``graph``."""

    strength: float
    graph: Graph
    degree = 4
    is_per_sample = False

    def value(self, W: NDArray, H: NDArray) -> float:
        """Return the penalty for W (m, k) and H (k, n)."""
        return 0.5 * self.strength * float(np.dot(_squares(H), self.graph.energies(W)))

    def contribute(self, terms: Terms, F: NDArray, C: NDArray) -> None:
        """Tie neighbouring rows of W; penalise each row of H by the roughness of its column of W."""
        if terms.factor == "W":
            terms.couple(self.graph, self.strength * _squares(C), F)
        else:
            terms.diagonal = terms.diagonal + self.strength * self.graph.energies(C.T)


def _squares(H: NDArray) -> NDArray[np.float64]:
    return np.sum(np.square(H, dtype=np.float64), axis=1)
