"""Products of the data with a factor, block by block: the same bits for any number of threads."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from nmfcore._jit import kernel
from nmfcore.data import Rows
from nmfcore.passes import BLAS_ALONE, run_blocks

_LEAST_ROWS = 128
_LEAST_GRAM_ROWS = 1024
_MOST_BLOCKS = 16
# Multiplications: with fewer, a product is done before another thread has woken.
_LEAST_WORK = 4_000_000
_SPARSE_ROWS = 256
_BLOCK_ROWS = 96


@kernel
def _multiply_sparse(indptr, indices, data, B, out, first, last):
    for i in range(first, last):
        row = out[i]
        row[:] = 0.0
        e, end = indptr[i], indptr[i + 1]
        # Four at a time: the row is loaded and stored a quarter as often.
        while e + 4 <= end:
            v0, v1, v2, v3 = data[e], data[e + 1], data[e + 2], data[e + 3]
            b0, b1, b2, b3 = B[indices[e]], B[indices[e + 1]], B[indices[e + 2]], B[indices[e + 3]]
            for t in range(row.shape[0]):
                row[t] += (v0 * b0[t] + v1 * b1[t]) + (v2 * b2[t] + v3 * b3[t])
            e += 4
        while e < end:
            v0 = data[e]
            b0 = B[indices[e]]
            for t in range(row.shape[0]):
                row[t] += v0 * b0[t]
            e += 1


def dense_product(A: NDArray, B: NDArray) -> NDArray:
    """Return A @ B, C-contiguous, in blocks along the longer side of A."""
    m, n = A.shape
    by_rows = m >= n
    size = max(_LEAST_ROWS, -(-max(m, n) // _MOST_BLOCKS))
    n_blocks = -(-max(m, n) // size)
    parts = np.empty((1 if by_rows else n_blocks, m, B.shape[1]), A.dtype)

    def multiply(first: int, last: int) -> None:
        for b in range(first, last):
            block = slice(b * size, (b + 1) * size)
            # np.dot would copy a block of a matrix of the other layout.
            if by_rows:
                np.matmul(A[block], B, out=parts[0, block])
            else:
                np.matmul(A[:, block], B[block], out=parts[b])

    # One thread in the library, ours outside: its own would split sums by their number.
    with BLAS_ALONE:
        run_blocks(multiply, n_blocks, least=-(-_LEAST_WORK // (size * min(m, n) * B.shape[1])))
    return parts[0] if len(parts) == 1 else parts.sum(axis=0)


def product(rows: Rows, Ct: NDArray) -> NDArray:
    """Return X V C' (m, k) for C' (n, k), with V the weights of the columns on its diagonal."""
    Ct = _weighted(Ct, rows.column_weight)
    return dense_product(rows.entries, Ct) if rows.sparse is None else _sparse_product(rows.sparse, Ct)


def row_product(rows: Rows, Ct: NDArray) -> NDArray:
    """Return the same in the precision of C', each row with the bits that it has in any other matrix.

    The library is given blocks of one shape and layout, the last one filled up with zeros.
    """
    Ct = _weighted(Ct, rows.column_weight)
    if rows.sparse is not None:
        return _sparse_product(rows.sparse, Ct)
    X = rows.entries
    m, n = X.shape
    out = np.empty((m, Ct.shape[1]), Ct.dtype)

    def multiply(first: int, last: int) -> None:
        for start in range(first * _BLOCK_ROWS, min(m, last * _BLOCK_ROWS), _BLOCK_ROWS):
            block = np.require(X[start : start + _BLOCK_ROWS], Ct.dtype, ["C", "A"])
            if len(block) < _BLOCK_ROWS:
                block = np.concatenate([block, np.zeros((_BLOCK_ROWS - len(block), n), Ct.dtype)])
            out[start : start + _BLOCK_ROWS] = np.matmul(block, Ct)[: m - start]

    with BLAS_ALONE:
        run_blocks(multiply, -(-m // _BLOCK_ROWS), least=-(-_LEAST_WORK // (_BLOCK_ROWS * n * Ct.shape[1])))
    return out


def _sparse_product(S: sp.csr_array, Ct: NDArray) -> NDArray:
    m = S.shape[0]
    out = np.empty((m, Ct.shape[1]), Ct.dtype)
    run_blocks(
        lambda a, b: _multiply_sparse(S.indptr, S.indices, S.data, Ct, out, a * _SPARSE_ROWS, min(m, b * _SPARSE_ROWS)),
        -(-m // _SPARSE_ROWS),
        uneven=True,
    )
    return out


def gram(Ct: NDArray, weight: NDArray) -> NDArray:
    """Return C V C' (k, k) for C' (n, k), with V the weights (n,) on its diagonal."""
    n, k = Ct.shape
    weighted = _weighted(Ct, weight)
    rows = max(_LEAST_GRAM_ROWS, -(-n // _MOST_BLOCKS))
    parts = np.empty((-(-n // rows), k, k), Ct.dtype)

    def multiply(first: int, last: int) -> None:
        for b in range(first, last):
            block = slice(b * rows, (b + 1) * rows)
            np.matmul(weighted[block].T, Ct[block], out=parts[b])

    with BLAS_ALONE:
        run_blocks(multiply, len(parts))
    return parts.sum(axis=0)


def _weighted(Ct: NDArray, weight: NDArray) -> NDArray:
    return Ct if (weight == 1).all() else Ct * weight.astype(Ct.dtype)[:, None]
