"""Frobenius: 1/2 |X - WH|_F^2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import kernel
from nmfcore.passes import run_blocks

# What stays in the cache between the product and the look at it.
_BLOCK_BYTES = 1 << 18
_ROWS = 1024
# The loss as a fraction of |X|^2 below which its terms cancel too far, by the precision of the products.
_CANCELLED = {np.dtype(np.float32): 0.05, np.dtype(np.float64): 1e-5}


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
            parts[b] = _square_distance(np.require(X[block], requirements=["C", "W"]), np.matmul(W[block], H))

    run_blocks(measure, n_blocks)
    return 0.5 * float(parts.sum())


@kernel
def _rest(F, gram, linear, parts, first, last):
    """Write 1/2 <F gram, F> - <linear, F> over each block of rows to its place in parts, in float64."""
    m, k = F.shape
    for b in range(first, last):
        total = 0.0
        for i in range(b * _ROWS, min(m, (b + 1) * _ROWS)):
            for t in range(k):
                f = np.float64(F[i, t])
                if f == 0.0:
                    continue
                product = 0.0
                for u in range(k):
                    product += gram[t, u] * np.float64(F[i, u])
                total += f * (0.5 * product - np.float64(linear[i, t]))
        parts[b] = total


@dataclass(frozen=True)
class Quadratic:
    """1/2 |X - F C|_F^2 as a function of F, from products that an update of F needs anyway.

    Attributes
    ----------
    gram : ndarray of shape (k, k)
        CC'.
    linear : ndarray of shape (m, k)
        XC'.
    """

    gram: NDArray
    linear: NDArray

    def value(self, F: NDArray, square_norm: float) -> float | None:
        """Return 1/2 |X - F C|_F^2 for F (m, k) and |X|_F^2; None where too little is left of the difference."""
        parts = np.empty(-(-len(F) // _ROWS))
        gram = self.gram.astype(np.float64)
        run_blocks(lambda first, last: _rest(F, gram, self.linear, parts, first, last), len(parts))
        value = 0.5 * square_norm + float(parts.sum())
        return value if value > _CANCELLED[F.dtype] * square_norm else None
