"""Rows of W solved for a fixed H and the Frobenius loss, one by one, whatever the data: no row knows another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore.data import Rows
from nmfcore.passes import BLAS_ALONE, run_blocks
from nmfcore.penalties import Terms
from nmfcore.solvers.nnls import DEPENDENT, nnls_rows
from nmfcore.solvers.products import row_product

__all__ = ["gram_of", "is_well_conditioned", "solve_rows"]


def is_well_conditioned(H: NDArray, l2: NDArray | float, dtype: np.dtype) -> bool:
    """Whether a dtype is enough to solve rows for H (k, n) and L2, which depends on no row.

    An inverse of the Gram matrix G loses eps cond(G) of what is fitted, and two active sets whose objectives differ by
    less than that are taken for each other, at its root. A third of the digits may go.
    """
    gram = gram_of(H, l2)
    length = np.sqrt(np.diag(gram))
    used = np.flatnonzero(length)
    if not len(used):
        return True
    values = np.linalg.eigvalsh(gram[np.ix_(used, used)] / np.outer(length[used], length[used]))
    return bool(values[0] >= np.cbrt(np.finfo(dtype).eps) * values[-1])


def solve_rows(rows: Rows, H: NDArray, terms: Terms) -> NDArray:
    """Return W (m, k) whose rows minimise the loss with L1 and L2 for H (k, n), by active sets in float64.

    In float32 the kernels of OpenBLAS sum a row of a product in an order that depends on its place among the others.
    """
    gram = gram_of(H, terms.diagonal)
    linear = row_product(rows, np.ascontiguousarray(H.T, np.float64))
    linear -= terms.linear
    W = np.empty(linear.shape, rows.dtype)
    run_blocks(lambda first, last: nnls_rows(gram, linear[first:last], DEPENDENT, W[first:last]), len(W), least=64)
    return W


def gram_of(H: NDArray, l2: NDArray | float) -> NDArray[np.float64]:
    """Return HH' + l2 I (k, k) in float64."""
    wide = np.ascontiguousarray(H, np.float64)
    # One thread in the library: its own would split sums by their number.
    with BLAS_ALONE:
        gram = wide @ wide.T
    gram.flat[:: len(gram) + 1] += l2
    return gram
