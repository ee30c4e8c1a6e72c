"""Spatial Laplacian: 1/2 strength * sum_t |h_t|^2 w_t' L w_t, with w_t the columns of W and h_t the rows of H.

w' L w = 1/2 sum_ij a_ij (w_i - w_j)^2 over the neighbours of the graph. The weight |h_t|^2 makes the penalty the same
for (c w_t, h_t / c): without it, W would shrink and H grow, and nothing would be smoother. In the step on W it is a
quadratic that couples neighbours; in the step on H it is an L2 penalty of strength w_t' L w_t on h_t. Both are exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore.graphs import Graph
from nmfcore.penalties.terms import Terms


def value(W: NDArray, H: NDArray, graph: Graph, strength: float) -> float:
    """Return the penalty for W (m, k) and H (k, n)."""
    return 0.5 * strength * float(np.dot(_squares(H), graph.energies(W)))


def contribute_W(terms: Terms, H: NDArray, graph: Graph, strength: float) -> None:
    """Add the penalty to the terms of W while H is fixed."""
    terms.coupling += strength * _squares(H)
    terms.graph = graph


def contribute_H(terms: Terms, W: NDArray, graph: Graph, strength: float) -> None:
    """Add the penalty to the terms of H while W is fixed."""
    terms.l2 += strength * graph.energies(W)


def _squares(H: NDArray) -> NDArray[np.float64]:
    return np.sum(np.square(H, dtype=np.float64), axis=1)
