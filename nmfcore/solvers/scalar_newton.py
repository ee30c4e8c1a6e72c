"""Coordinate descent on rows with the product kept up to date: weighted Frobenius, and Kullback-Leibler.

For a row f with y = fC, component by component: the slope g and the curvature q of the objective along f_t, then
f_t <- max(0, f_t - g / q), and y follows at once. For the Frobenius loss that is the exact minimiser. For
Kullback-Leibler it is a Newton step [1]_, damped where it would overshoot a self-concordant function: with
lambda = c sqrt(q) |step|, c = 1 / sqrt(smallest positive x of the row), a downward step with lambda > 0.683802 is
divided by 1 + lambda, and the objective never rises [2]_. Far out that is a crawl; the multiplicative step, which
cannot raise the objective either, is taken where it goes farther.

.. [1] Hsieh, Dhillon, "Fast coordinate descent methods with variable selection for non-negative matrix factorization",
   KDD 2011, doi:10.1145/2020408.2020577.
.. [2] Hien, Gillis, "Algorithms for nonnegative matrix factorization with the Kullback-Leibler divergence",
   J. Sci. Comput. 87, 2021, doi:10.1007/s10915-021-01504-0, algorithm 3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import inlined, kernel
from nmfcore.data import Rows
from nmfcore.graphs import Graph
from nmfcore.losses.beta_divergence import smallest_product
from nmfcore.passes import run_blocks
from nmfcore.penalties import Terms

_ROWS = 64
_OVERSHOOT = 0.683802


@inlined
def _move(value, slope, curvature, concordance, up, stiffness):
    """Return the coordinate after a Newton step; where that may overshoot, the farther of two steps that cannot.

    up: the part of -slope that falls as the coordinate grows, 0 for quadratics; stiffness: that of quadratic terms.
    """
    if curvature <= 0.0:
        return 0.0 if slope > 0.0 else value
    target = max(value - slope / curvature, 0.0)
    if slope > 0.0 and up > 0.0:
        length = concordance * np.sqrt(curvature) * (value - target)
        if length > _OVERSHOOT:
            damped = value + (target - value) / (1.0 + length)
            down = slope + up - stiffness * value
            multiplied = 2.0 * up * value / (down + np.sqrt(down * down + 4.0 * stiffness * up * value))
            return max(min(damped, multiplied), target)
    return target


@inlined
def _pull_of_neighbours(F, indptr, indices, weights, i, pull):
    pull[:] = 0.0
    if indptr.shape[0] > 1:
        for e in range(indptr[i], indptr[i + 1]):
            for t in range(F.shape[1]):
                pull[t] += weights[e] * F[indices[e], t]


@kernel
def _sweep_dense(
    X, mask, row_weight, column_weight, beta, F, C, linear, diagonal, gram, coupling, indptr, indices, weights,
    degree, order, n_fixed, floor, sweeps, tol, first, last,
):  # fmt: skip
    n = X.shape[1]
    k = F.shape[1]
    y = np.empty(n, X.dtype)
    weight = np.empty(n, X.dtype)
    pull = np.zeros(k, np.float64)
    zero = X.dtype.type(0)
    one = X.dtype.type(1)
    for p in range(first, last):
        i = order[p] if order.shape[0] > 0 else p
        f = F[i]
        x = X[i]
        smallest = np.inf
        for j in range(n):
            y[j] = zero
            weight[j] = row_weight[i] * column_weight[j]
            if mask.shape[0] > 0:
                weight[j] *= mask[i, j]
            if x[j] > zero and weight[j] > zero:
                smallest = min(smallest, np.float64(x[j] * weight[j]))
        for t in range(k):
            a = f[t]
            c = C[t]
            for j in range(n):
                y[j] += a * c[j]
        concordance = 1.0 / np.sqrt(smallest) if beta == 1.0 and smallest < np.inf else 0.0
        _pull_of_neighbours(F, indptr, indices, weights, i, pull)
        stiff = degree[i] if degree.shape[0] > 0 else 0.0
        for _ in range(sweeps):
            largest = 0.0
            moved = 0.0
            for t in range(n_fixed, k):
                c = C[t]
                g = zero
                q = zero
                up = zero
                if beta == 1.0:
                    for j in range(n):
                        v = one / (y[j] if y[j] > floor else floor)
                        r = weight[j] * x[j] * v
                        g += c[j] * (weight[j] - r)
                        up += c[j] * r
                        q += c[j] * c[j] * r * v
                else:
                    for j in range(n):
                        g += weight[j] * c[j] * (y[j] - x[j])
                        q += weight[j] * c[j] * c[j]
                old = np.float64(f[t])
                extra = diagonal[i if diagonal.shape[0] > 1 else 0, t] + coupling[t] * stiff
                slope = g + extra * old - coupling[t] * pull[t]
                slope += linear[i if linear.shape[0] > 1 else 0, t]
                for u in range(k):
                    slope += gram[t, u] * f[u]
                f[t] = _move(old, slope, q + extra + gram[t, t], concordance, np.float64(up), extra + gram[t, t])
                change = f[t] - X.dtype.type(old)
                if change != zero:
                    for j in range(n):
                        y[j] += change * c[j]
                largest = max(largest, np.float64(f[t]))
                moved = max(moved, abs(np.float64(change)))
            if moved <= tol * largest:
                break


@kernel
def _sweep_sparse(
    S_indptr, S_indices, data, entry_weight, beta, F, Ct, column_sums, linear, diagonal, gram, coupling, indptr,
    indices, weights, degree, order, n_fixed, floor, sweeps, tol, first, last,
):  # fmt: skip
    k = F.shape[1]
    pull = np.zeros(k, np.float64)
    zero = data.dtype.type(0)
    longest = 0
    for i in range(F.shape[0]):
        longest = max(longest, S_indptr[i + 1] - S_indptr[i])
    y = np.empty(longest, data.dtype)
    c = np.empty((k, longest), data.dtype)
    weight = np.ones(longest, data.dtype)
    x = np.empty(longest, data.dtype)
    sums = column_sums.copy()
    for p in range(first, last):
        i = order[p] if order.shape[0] > 0 else p
        f = F[i]
        start = S_indptr[i]
        size = S_indptr[i + 1] - start
        smallest = np.inf
        for e in range(size):
            y[e] = zero
            if entry_weight.shape[0] > 0:
                weight[e] = entry_weight[start + e]
            x[e] = weight[e] * data[start + e]
            if x[e] > zero:
                smallest = min(smallest, np.float64(x[e]))
            column = Ct[S_indices[start + e]]
            for t in range(k):
                c[t, e] = column[t]
                y[e] += f[t] * column[t]
        if entry_weight.shape[0] > 0:
            for t in range(k):
                sums[t] = 0.0
                if beta == 1.0:
                    for e in range(size):
                        sums[t] += weight[e] * c[t, e]
        concordance = 1.0 / np.sqrt(smallest) if beta == 1.0 and smallest < np.inf else 0.0
        _pull_of_neighbours(F, indptr, indices, weights, i, pull)
        stiff = degree[i] if degree.shape[0] > 0 else 0.0
        for _ in range(sweeps):
            largest = 0.0
            moved = 0.0
            for t in range(n_fixed, k):
                ct = c[t]
                g = zero
                q = zero
                up = zero
                if beta == 1.0:
                    for e in range(size):
                        v = data.dtype.type(1) / (y[e] if y[e] > floor else floor)
                        r = x[e] * v
                        up += ct[e] * r
                        q += ct[e] * ct[e] * r * v
                else:
                    for e in range(size):
                        g += ct[e] * (weight[e] * y[e] - x[e])
                        q += weight[e] * ct[e] * ct[e]
                old = np.float64(f[t])
                extra = diagonal[i if diagonal.shape[0] > 1 else 0, t] + coupling[t] * stiff
                slope = (g - up) + sums[t] + extra * old - coupling[t] * pull[t]
                slope += linear[i if linear.shape[0] > 1 else 0, t]
                for u in range(k):
                    slope += gram[t, u] * f[u]
                f[t] = _move(old, slope, q + extra + gram[t, t], concordance, np.float64(up), extra + gram[t, t])
                change = f[t] - data.dtype.type(old)
                if change != zero:
                    for e in range(size):
                        y[e] += change * ct[e]
                largest = max(largest, np.float64(f[t]))
                moved = max(moved, abs(np.float64(change)))
            if moved <= tol * largest:
                break


_NO_GRAPH = Graph(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0), np.zeros(0), np.zeros(0, np.int64), ())


def update(rows: Rows, F: NDArray, C: NDArray, terms: Terms, beta: float, *, sweeps: int = 1, tol: float = 0.0) -> None:
    """Lower D_beta(X | FC) + terms, beta 1 or 2, over F (m, k) >= 0 in place, C-contiguous, for fixed C (k, n).

    Each row is swept ``sweeps`` times, or until no entry moves by more than ``tol`` of the largest. Sparse: beta 1,
    and 2 where only the stored entries count.
    """
    graph = terms.graph or _NO_GRAPH
    arrays = (graph.indptr, graph.indices, graph.weights, graph.degree, graph.order)
    strengths = (np.atleast_2d(terms.linear), np.atleast_2d(terms.diagonal), terms.gram, terms.coupling)
    floor = rows.dtype.type(smallest_product(rows.dtype))
    bounds = graph.bounds or (0, rows.shape[0])
    limits = (terms.n_fixed, floor, sweeps, tol)
    C = np.ascontiguousarray(C)
    if rows.sparse is None:
        X = rows.array
        head = (X, rows.mask, rows.row_weight, rows.column_weight, float(beta), F, C)
        sweep = _sweep_dense
    else:
        S, sums = rows.sparse, C.sum(axis=1, dtype=np.float64)
        head = (S.indptr, S.indices, S.data, rows.entry_weight, float(beta), F, np.ascontiguousarray(C.T), sums)
        sweep = _sweep_sparse
    for start, end in zip(bounds[:-1], bounds[1:], strict=True):

        def work(a: int, b: int, start: int = start, end: int = end) -> None:
            sweep(*head, *strengths, *arrays, *limits, start + a * _ROWS, min(start + b * _ROWS, end))

        run_blocks(work, -(-(end - start) // _ROWS), uneven=rows.sparse is not None)
