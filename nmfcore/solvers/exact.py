"""Each row of W solved for a fixed H: what `transform` returns, and what ends a fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import kernel
from nmfcore.data import Data, Rows
from nmfcore.losses.beta_divergence import gradient_parts
from nmfcore.passes import run_blocks
from nmfcore.penalties import Penalties, Terms
from nmfcore.solvers import multiplicative, row_newton, scalar_newton, tall
from nmfcore.solvers.nnls import nnls_rows, solve_row
from nmfcore.solvers.products import dense_product, product
from nmfcore.validation import feature_major

_NEWTON_SWEEPS = 2000
_NEWTON_STEPS = {1.0: 8, 0.0: 60}
_MULTIPLICATIONS = 500
# Sweeps by coordinates end what is left of Kullback-Leibler.
_SETTLED = 1e-2


@kernel
def _nnls_weighted_rows(X, mask, row_weight, column_weight, C, l1, l2, dependent, W, first, last):
    """Overwrite rows [first, last) of W (m, k): the Gram matrix of each row counts only its own entries."""
    k, n = C.shape
    G = np.empty((k, k), np.float64)
    N = np.empty(k, np.float64)
    for i in range(first, last):
        for t in range(k):
            N[t] = -l1[t]
            for u in range(t + 1):
                G[t, u] = 0.0
            for j in range(n):
                if mask.shape[0] == 0 or mask[i, j]:
                    c = np.float64(row_weight[i]) * column_weight[j] * C[t, j]
                    N[t] += c * X[i, j]
                    for u in range(t + 1):
                        G[t, u] += c * C[u, j]
        for t in range(k):
            for u in range(t):
                G[u, t] = G[t, u]
            G[t, t] += l2[t]
        solve_row(G, N, k, dependent, W[i])


def solve_W(data: Data, H: NDArray, penalties: Penalties, beta: float, start: NDArray | None = None) -> NDArray:
    """Return W (m, k) that minimises the loss with L1 and L2 for fixed H (k, n), each row on its own.

    beta = 2: exact, by active sets. beta = 1: convex, by Newton steps and sweeps to convergence from ``start``. Other:
    by Newton steps where there are some, else by multiplicative updates, from ``start``.
    """
    terms = penalties.terms_W(H)
    if beta == 2.0:
        if data.is_plain and not data.is_sparse and tall.is_tall(data.shape, len(H)):
            return tall.solve_W(feature_major(data.X), np.ascontiguousarray(H), penalties)
        by_row = data.is_masked or (data.is_weighted and bool(terms.l1.any() or terms.l2.any()))
        return _solve_weighted(data.rows, H, terms) if by_row else _solve_squares(data.rows, H, terms)
    if start is None:
        mean = float(np.sqrt(data.X.mean(dtype=np.float64) / len(H)))
        start = np.full((data.shape[0], len(H)), mean, data.dtype)
    W = np.array(start, order="C")
    if beta in row_newton.BETAS and row_newton.is_suited(data.rows, len(H), terms):
        for _ in range(_NEWTON_STEPS[beta]):
            before = W.copy()
            row_newton.update(data.rows, W, H, terms, beta)
            if np.abs(W - before).max() <= _SETTLED * W.max():
                break
    if beta == 1.0:
        tol = 1e-5 if data.dtype == np.float32 else 1e-10
        scalar_newton.update(data.rows, W, H, terms, beta, sweeps=_NEWTON_SWEEPS, tol=tol)
        return W
    if beta == 0.0 and row_newton.is_suited(data.rows, len(H), terms):
        return W
    for _ in range(_MULTIPLICATIONS):
        multiplicative.update(W, *gradient_parts(data.rows, W, H, beta), terms, beta, 0.0)
    return W


def _solve_squares(rows: Rows, H: NDArray, terms: Terms) -> NDArray:
    wide = H.astype(np.float64)
    gram = dense_product(wide, np.ascontiguousarray(wide.T))
    gram.flat[:: gram.shape[0] + 1] += terms.l2
    linear = product(rows, np.ascontiguousarray(H.T))
    linear -= terms.l1.astype(linear.dtype)
    W = np.empty_like(linear)
    dependent = _dependent(rows.dtype)
    run_blocks(
        lambda first, last: nnls_rows(gram, linear[first:last], dependent, W[first:last]), linear.shape[0], least=64
    )
    return W


def _solve_weighted(rows: Rows, H: NDArray, terms: Terms) -> NDArray:
    X, H = rows.array, np.ascontiguousarray(H)
    W = np.empty((rows.shape[0], len(H)), rows.dtype)
    weights = (rows.mask, rows.row_weight, rows.column_weight)
    dependent = _dependent(rows.dtype)
    run_blocks(
        lambda a, b: _nnls_weighted_rows(X, *weights, H, terms.l1, terms.l2, dependent, W, a, b),
        rows.shape[0],
        least=64,
    )
    return W


def _dependent(dtype: np.dtype) -> float:
    return 32.0 * float(np.finfo(dtype).eps)
