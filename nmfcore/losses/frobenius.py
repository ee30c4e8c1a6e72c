"""Frobenius: 1/2 |X - WH|_F^2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import kernel
from nmfcore.passes import run_blocks

_BLOCK_BYTES = 1 << 21


@kernel
def _square_distance(X, Y):
    """Return the sum of (X - Y)^2 in float64, for X and Y of shape (m, n)."""
    total = 0.0
    for i in range(X.shape[0]):
        x = X[i]
        y = Y[i]
        square = 0.0
        for j in range(x.shape[0]):
            difference = np.float64(x[j]) - np.float64(y[j])
            square += difference * difference
        total += square
    return total


def value(X: NDArray, W: NDArray, H: NDArray) -> float:
    """Return 1/2 |X - WH|_F^2 for X (m, n), W (m, k), H (k, n), block by block, summed in float64."""
    m, n = X.shape
    rows = max(1, min(m, _BLOCK_BYTES // (n * X.itemsize)))
    n_blocks = -(-m // rows)
    parts = np.empty(n_blocks)

    def measure(first: int, last: int) -> None:
        for b in range(first, last):
            block = slice(b * rows, (b + 1) * rows)
            # A copy where X or the product is not row-major and writeable: one type for the kernel.
            parts[b] = _square_distance(np.require(X[block], requirements=["C", "W"]), np.dot(W[block], H))

    run_blocks(measure, n_blocks)
    return 0.5 * float(parts.sum())
