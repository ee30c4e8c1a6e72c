"""Each row of W solved for a fixed H: what `transform` returns, and what ends a fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from nmfcore._jit import kernel
from nmfcore.data import Data, Rows
from nmfcore.losses.beta_divergence import gradient_parts
from nmfcore.passes import run_blocks
from nmfcore.penalties import Penalties, Terms
from nmfcore.solvers import multiplicative, row_newton, scalar_newton, simplex, tall
from nmfcore.solvers.least_squares import gram_of, solve_rows
from nmfcore.solvers.nnls import DEPENDENT, solve_row
from nmfcore.solvers.products import row_product
from nmfcore.validation import feature_major

_NEWTON_SWEEPS = 2000
_NEWTON_STEPS = {1.0: 8, 0.0: 60}
_LAST_STEPS = 3
_MULTIPLICATIONS = 500
_MAJORANTS = 50
# Sweeps by coordinates end what is left of Kullback-Leibler.
_SETTLED = 1e-2


@kernel
def _nnls_masked_rows(X, mask, row_weight, column_weight, C, linear, diagonal, gram, dependent, W, first, last):
    """Overwrite rows [first, last) of W (m, k): the Gram matrix of each row counts only its own entries.

    linear, diagonal: (m, k) or (1, k).
    """
    k, n = C.shape
    G = np.empty((k, k), np.float64)
    N = np.empty(k, np.float64)
    for i in range(first, last):
        for t in range(k):
            N[t] = -linear[i if linear.shape[0] > 1 else 0, t]
            for u in range(t + 1):
                G[t, u] = gram[t, u]
            for j in range(n):
                weight = np.float64(mask[i, j]) if mask.shape[0] > 0 else 1.0
                if weight > 0.0:
                    c = weight * row_weight[i] * column_weight[j] * C[t, j]
                    N[t] += c * X[i, j]
                    for u in range(t + 1):
                        G[t, u] += c * C[u, j]
        for t in range(k):
            for u in range(t):
                G[u, t] = G[t, u]
            G[t, t] += diagonal[i if diagonal.shape[0] > 1 else 0, t]
        solve_row(G, N, k, dependent, W[i])


@kernel
def _nnls_known_rows(
    indptr, indices, data, entry_weight, Ct, linear, diagonal, gram, dependent, W, first, last
):  # fmt: skip
    """Do the same for rows of which only the stored entries count, with the other factor C' (n, k)."""
    k = Ct.shape[1]
    G = np.empty((k, k), np.float64)
    N = np.empty(k, np.float64)
    for i in range(first, last):
        for t in range(k):
            N[t] = -linear[i if linear.shape[0] > 1 else 0, t]
            for u in range(t + 1):
                G[t, u] = gram[t, u]
        for e in range(indptr[i], indptr[i + 1]):
            column = Ct[indices[e]]
            for t in range(k):
                c = np.float64(entry_weight[e]) * column[t]
                N[t] += c * data[e]
                for u in range(t + 1):
                    G[t, u] += c * column[u]
        for t in range(k):
            for u in range(t):
                G[u, t] = G[t, u]
            G[t, t] += diagonal[i if diagonal.shape[0] > 1 else 0, t]
        solve_row(G, N, k, dependent, W[i])


@kernel
def _nnls_own_rows(common, N_rows, row_weight, linear, diagonal, gram, dependent, W, first, last):
    """Overwrite rows [first, last) of W (m, k), whose Gram matrices differ by their weights and penalties alone."""
    k = W.shape[1]
    G = np.empty((k, k), np.float64)
    N = np.empty(k, np.float64)
    for i in range(first, last):
        for t in range(k):
            N[t] = row_weight[i] * N_rows[i, t] - linear[i if linear.shape[0] > 1 else 0, t]
            for u in range(k):
                G[t, u] = row_weight[i] * common[t, u] + gram[t, u]
            G[t, t] += diagonal[i if diagonal.shape[0] > 1 else 0, t]
        solve_row(G, N, k, dependent, W[i])


def improve_W(data: Data, H: NDArray, penalties: Penalties, beta: float, W: NDArray) -> NDArray:
    """Return W (m, k) with each row solved for H (k, n) where that is exact, else, at beta = 1, nearly so.

    Where Newton steps are known, a few do in a moment what sweeps to convergence need the time of a fit for.
    """
    terms = penalties.terms("W", W, H)
    if beta != 1.0 or not _is_by_rows(data, terms) or not row_newton.is_suited(data.rows, len(H), terms, beta):
        return solve_W(data, H, penalties, beta, W)
    W = np.array(W, order="C")
    for _ in range(_LAST_STEPS):
        row_newton.update(data.rows, W, H, terms, beta)
    return W


def solve_W(data: Data, H: NDArray, penalties: Penalties, beta: float, start: NDArray | None = None) -> NDArray:
    """Return W (m, k) that minimises the objective for fixed H (k, n), each row on its own.

    beta = 2: exact, by active sets. beta = 1: convex, by Newton steps and sweeps to convergence from ``start``. Other:
    by Newton steps where there are some, else by multiplicative updates, from ``start``. Penalties that are majorised
    where W is are majorised again, until that changes nothing.
    """
    if beta == 2.0 and data.is_plain and not data.is_sparse and tall.solves_rows(H, penalties, data.dtype):
        return tall.solve_W(feature_major(data.X), np.ascontiguousarray(H), penalties)
    if start is None:
        # Each row with the sum of its own; nothing is known of the scale of a row of zeros.
        sums = np.asarray(data.canonical.sum(axis=1, dtype=np.float64)).reshape(-1, 1)
        total = np.maximum(_sums_of_H(data.rows, H), np.finfo(np.float64).tiny)
        start = np.repeat(np.where(sums > 0.0, sums / total, 1.0), len(H), axis=1).astype(data.dtype)
    W = np.array(start, order="C")
    terms = penalties.terms("W", W, H)
    for _ in range(_MAJORANTS):
        W = _solve_for(terms, data, H, beta, W)
        before, terms = terms, penalties.terms("W", W, H)
        if np.array_equal(before.linear, terms.linear) and np.array_equal(before.diagonal, terms.diagonal):
            break
    return W


def _sums_of_H(rows: Rows, H: NDArray) -> Any:
    """Return the sum of H (k, n), or the sums of its columns that count in each row, (m, 1)."""
    if not rows.is_partial:
        return H.sum(dtype=np.float64)
    S = rows.stored
    ones = sp.csr_array((np.ones(S.nnz), S.indices, S.indptr), shape=S.shape)
    return (ones @ H.sum(axis=0, dtype=np.float64))[:, None]


def _solve_for(terms: Terms, data: Data, H: NDArray, beta: float, W: NDArray) -> NDArray:
    if beta == 2.0 and (terms.total is None or not data.is_masked):
        if terms.total is not None:
            gram, linear = gram_of(H, 0.0), row_product(data.rows, np.ascontiguousarray(H.T, np.float64))
            simplex.update(W, gram, linear, data.rows.row_weight, terms, to_the_end=True)
            return W
        if data.is_masked:
            return _solve_masked(data.rows, H, terms)
        own = not terms.is_uniform or (data.is_weighted and not terms.is_nothing)
        return _solve_own(data.rows, H, terms) if own else solve_rows(data.rows, H, terms)
    by_rows = _is_by_rows(data, terms)
    if by_rows and row_newton.is_suited(data.rows, len(H), terms, beta):
        for _ in range(_NEWTON_STEPS[beta]):
            before = W.copy()
            row_newton.update(data.rows, W, H, terms, beta)
            if np.abs(W - before).max() <= _SETTLED * W.max():
                break
    if beta == 1.0 and by_rows:
        tol = 1e-5 if data.dtype == np.float32 else 1e-10
        scalar_newton.update(data.rows, W, H, terms, beta, sweeps=_NEWTON_SWEEPS, tol=tol)
        return W
    if by_rows and row_newton.is_suited(data.rows, len(H), terms, beta):
        return W
    for _ in range(_MULTIPLICATIONS):
        multiplicative.update(W, *gradient_parts(data.rows, W, H, beta), terms, beta, 0.0)
    return W


def _is_by_rows(data: Data, terms: Terms) -> bool:
    """Whether the rows of W are solved one by one, and no weight of a sparse row counts in that."""
    return terms.total is None and (not (data.is_sparse and data.is_weighted) or terms.is_nothing)


def _solve_own(rows: Rows, H: NDArray, terms: Terms) -> NDArray:
    """Solve rows that differ by their weights and penalties."""
    gram, linear = gram_of(H, 0.0), row_product(rows, np.ascontiguousarray(H.T, np.float64))
    W = np.empty((rows.shape[0], len(H)), rows.dtype)
    arrays = (gram, linear, rows.row_weight, *_strengths(terms), DEPENDENT, W)
    run_blocks(lambda a, b: _nnls_own_rows(*arrays, a, b), len(W), least=64)
    return W


def _strengths(terms: Terms) -> tuple[NDArray, NDArray, NDArray]:
    return np.atleast_2d(terms.linear), np.atleast_2d(terms.diagonal), terms.gram


def _solve_masked(rows: Rows, H: NDArray, terms: Terms) -> NDArray:
    W = np.empty((rows.shape[0], len(H)), rows.dtype)
    rest = (*_strengths(terms), DEPENDENT, W)
    if rows.sparse is not None:
        S = rows.sparse
        known = (S.indptr, S.indices, S.data, rows.entry_weight, np.ascontiguousarray(H.T), *rest)
        run_blocks(lambda a, b: _nnls_known_rows(*known, a, b), len(W), least=64, uneven=True)
        return W
    arrays = (rows.array, rows.mask, rows.row_weight, rows.column_weight, np.ascontiguousarray(H), *rest)
    run_blocks(lambda a, b: _nnls_masked_rows(*arrays, a, b), len(W), least=64)
    return W
