"""Multiplicative updates for the Frobenius loss: F <- F * linear / (F gram + l1).

L1 joins the denominator, L2 the diagonal of gram; both keep the update a minimiser of a majorant [1]_, so that the
objective never rises.

.. [1] Lee, Seung, "Algorithms for non-negative matrix factorization", NIPS 13, 2001.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import kernel
from nmfcore.passes import run_blocks

_ROWS = 256


@kernel
def _multiply_rows(F, gram, linear, l1, first, last):
    """Multiply rows [first, last) of F (m, k) in place."""
    k = F.shape[1]
    denominator = np.empty(k, F.dtype)
    for i in range(first, last):
        row = F[i]
        for t in range(k):
            total = l1
            column = gram[t]
            for u in range(k):
                total += row[u] * column[u]
            denominator[t] = total
        for t in range(k):
            if denominator[t] > 0.0:
                row[t] *= linear[i, t] / denominator[t]


def update(F: NDArray, gram: NDArray, linear: NDArray, l1: float, n_others: int) -> None:
    """Lower 1/2 <F gram, F> - <linear - l1, F> over F (m, k) >= 0 in place, keeping every zero."""
    strength = linear.dtype.type(l1)
    n_blocks = -(-F.shape[0] // _ROWS)

    def multiply(first: int, last: int) -> None:
        _multiply_rows(F, gram, linear, strength, first * _ROWS, min(last * _ROWS, F.shape[0]))

    run_blocks(multiply, n_blocks)
