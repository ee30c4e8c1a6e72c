"""Rows of one sum for the Frobenius loss: weight is exchanged between two entries of a row at a time.

For a row f with the gradient g of 1/2 f G f' - N f', the entry with the least gradient takes from the positive one with
the largest as much as lowers the row's objective most, or all there is. The pair that violates the conditions of
optimality most comes first, as in sequential minimal optimisation [1]_; at the minimum on the simplex none is left.

.. [1] Keerthi, Shevade, Bhattacharyya, Murthy, "Improvements to Platt's SMO algorithm for SVM classifier design",
   Neural Computation 13(3), 2001, doi:10.1162/089976601300014493.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import kernel
from nmfcore.passes import run_blocks
from nmfcore.penalties import Terms

_ROWS = 256
_STEPS, _STEPS_TO_THE_END = 4, 2000


@kernel
def _exchange_rows(F, gram, linear, row_weight, diagonal, own_gram, own_linear, total, steps, first, last):
    """Lower rows [first, last) of F (m, k) in place, first scaled to the sum.

    diagonal, own_linear: (m, k) or (1, k).
    """
    k = F.shape[1]
    eps = np.finfo(np.float64).eps
    f, g = np.empty(k, np.float64), np.empty(k, np.float64)
    G = np.empty((k, k), np.float64)
    for i in range(first, last):
        weight = np.float64(row_weight[i])
        length = 0.0
        for t in range(k):
            length += F[i, t]
        for t in range(k):
            f[t] = F[i, t] * (total / length) if length > 0.0 else total / k
            for u in range(k):
                G[t, u] = weight * gram[t, u] + own_gram[t, u]
            G[t, t] += diagonal[i if diagonal.shape[0] > 1 else 0, t]
        size = 0.0
        for t in range(k):
            g[t] = own_linear[i if own_linear.shape[0] > 1 else 0, t] - weight * linear[i, t]
            for u in range(k):
                g[t] += G[t, u] * f[u]
                size = max(size, abs(G[t, u] * total))
        for _ in range(steps):
            low, high = 0, -1
            for t in range(k):
                low = t if g[t] < g[low] else low
                if f[t] > 0.0 and (high < 0 or g[t] > g[high]):
                    high = t
            gap = g[high] - g[low]
            if not gap > 8.0 * eps * size:
                break
            curvature = G[low, low] + G[high, high] - 2.0 * G[low, high]
            moved = min(gap / curvature, f[high]) if curvature > eps * size / total else f[high]
            f[low] += moved
            f[high] -= moved
            for t in range(k):
                g[t] += moved * (G[t, low] - G[t, high])
        for t in range(k):
            F[i, t] = f[t]


def update(
    F: NDArray, gram: NDArray, linear: NDArray, row_weight: NDArray, terms: Terms, *, to_the_end: bool = False
) -> None:
    """Lower 1/2 <F gram, F> - <linear, F>, weighted by rows, plus terms over rows of F (m, k) of the sum, in place."""
    free = terms.decoupled(F)
    strengths = (np.atleast_2d(free.diagonal), free.gram, np.atleast_2d(free.linear))
    steps = F.shape[1] * (_STEPS_TO_THE_END if to_the_end else _STEPS)
    arrays = (F, gram, linear, row_weight, *strengths, float(free.total or 0.0), steps)
    run_blocks(lambda a, b: _exchange_rows(*arrays, a * _ROWS, min(len(F), b * _ROWS)), -(-len(F) // _ROWS))
