"""Products of the data with a factor, block by block: the same bits for any number of threads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import kernel
from nmfcore.data import Rows
from nmfcore.passes import BLAS_ALONE, run_blocks

_LEAST_ROWS = 32
_MOST_BLOCKS = 16
_SPARSE_ROWS = 256


@kernel
def _multiply_sparse(indptr, indices, data, B, out, first, last):
    for i in range(first, last):
        row = out[i]
        row[:] = 0.0
        for e in range(indptr[i], indptr[i + 1]):
            v = data[e]
            b = B[indices[e]]
            for t in range(row.shape[0]):
                row[t] += v * b[t]


def dense_product(A: NDArray, B: NDArray) -> NDArray:
    """Return A @ B, C-contiguous."""
    out = np.empty((A.shape[0], B.shape[1]), A.dtype)
    rows = max(_LEAST_ROWS, -(-A.shape[0] // _MOST_BLOCKS))

    def multiply(first: int, last: int) -> None:
        for b in range(first, last):
            block = slice(b * rows, (b + 1) * rows)
            np.dot(A[block], B, out=out[block])

    # One thread in the library, ours outside: its own would split sums by their number.
    with BLAS_ALONE:
        run_blocks(multiply, -(-A.shape[0] // rows))
    return out


def product(rows: Rows, C: NDArray) -> NDArray:
    """Return X V C' (m, k) for C (k, n), with V the weights of the columns on its diagonal."""
    C = _weighted(C, rows.column_weight)
    S, Ct = rows.sparse, np.ascontiguousarray(C.T)
    if S is None:
        return dense_product(rows.entries, Ct)
    m = rows.shape[0]
    out = np.empty((m, C.shape[0]), C.dtype)
    run_blocks(
        lambda a, b: _multiply_sparse(S.indptr, S.indices, S.data, Ct, out, a * _SPARSE_ROWS, min(m, b * _SPARSE_ROWS)),
        -(-m // _SPARSE_ROWS),
        uneven=True,
    )
    return out


def gram(C: NDArray, weight: NDArray) -> NDArray:
    """Return C V C' (k, k) for C (k, n), with V the weights (n,) on its diagonal."""
    return dense_product(_weighted(C, weight), np.ascontiguousarray(C.T))


def _weighted(C: NDArray, weight: NDArray) -> NDArray:
    return C if (weight == 1).all() else C * weight
