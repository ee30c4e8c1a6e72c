"""Non-negative least squares with one small Gram matrix and many right-hand sides.

Each row w of W minimises 1/2 w G w' - N w' over w >= 0, with G = HH' + l2 I and N = xH' - l1.
"""

from __future__ import annotations

import numpy as np

from nmfcore._jit import kernel

_FULL_EXCHANGES = 3


@kernel
def _solve_active(G, N, active, size, L, solution):
    """Solve G w = N on the active components by Cholesky into solution; a dependent component gets 0."""
    rank = 0
    for t in range(size):
        solution[t] = 0.0
    index = np.empty(size, np.int64)
    for t in range(size):
        if not active[t]:
            continue
        diagonal = G[t, t]
        for p in range(rank):
            total = G[t, index[p]]
            for q in range(p):
                total -= L[rank, q] * L[p, q]
            L[rank, p] = total / L[p, p]
            diagonal -= L[rank, p] * L[rank, p]
        if diagonal <= 1e-14 * G[t, t] or G[t, t] <= 0.0:
            continue
        L[rank, rank] = np.sqrt(diagonal)
        index[rank] = t
        rank += 1
    y = np.empty(rank, np.float64)
    for p in range(rank):
        total = N[index[p]]
        for q in range(p):
            total -= L[p, q] * y[q]
        y[p] = total / L[p, p]
    for p in range(rank - 1, -1, -1):
        total = y[p]
        for q in range(p + 1, rank):
            total -= L[q, p] * solution[index[q]]
        solution[index[p]] = total / L[p, p]


@kernel
def solve_row(G, N, size, solution):
    """Minimise 1/2 wGw' - Nw' over w >= 0 into solution, by block principal pivoting [1]_ in float64.

    G (size, size), N (size,), solution (size,).

    .. [1] Kim, Park, SIAM J. Sci. Comput. 33(6), 2011, doi:10.1137/110821172, algorithm 2.
    """
    active = np.empty(size, np.bool_)
    L = np.empty((size, size), np.float64)
    w = np.empty(size, np.float64)
    for t in range(size):
        active[t] = N[t] > 0.0
    fewest = size + 1
    exchanges = _FULL_EXCHANGES
    for _ in range(20 * size + 20):
        _solve_active(G, N, active, size, L, w)
        infeasible = 0
        last = -1
        for t in range(size):
            wrong = w[t] < 0.0
            if not active[t]:
                gradient = -float(N[t])
                scale = abs(gradient)
                for j in range(size):
                    product = G[t, j] * w[j]
                    gradient += product
                    scale += abs(product)
                wrong = gradient < -1e-14 * scale
            if wrong:
                infeasible += 1
                last = t
        if infeasible == 0:
            break
        if infeasible < fewest:
            fewest = infeasible
            exchanges = _FULL_EXCHANGES
        elif exchanges > 0:
            exchanges -= 1
        if exchanges == 0:
            # The backup rule of the paper: one exchange at a time cannot cycle.
            active[last] = not active[last]
            continue
        for t in range(size):
            if active[t]:
                active[t] = w[t] >= 0.0
            else:
                gradient = -float(N[t])
                scale = abs(gradient)
                for j in range(size):
                    product = G[t, j] * w[j]
                    gradient += product
                    scale += abs(product)
                active[t] = gradient < -1e-14 * scale
    for t in range(size):
        solution[t] = max(w[t], 0.0)


@kernel
def nnls_rows(G, N, W):
    """Overwrite W (m, k) with the minimisers for the rows of N (m, k)."""
    for i in range(N.shape[0]):
        solve_row(G, N[i], N.shape[1], W[i])


@kernel
def inverse_tables(G, inverses):
    """Overwrite inverses (2^k, k, k) with the inverse of G restricted to each subset of components.

    Entry ``inverses[mask, t, j]`` is 0 unless bits t and j of mask are set; a subset whose Gram matrix is numerically
    singular stays 0: another subset spans the same rows.
    """
    k = G.shape[0]
    inverses[:] = 0.0
    L = np.empty((k, k), np.float64)
    index = np.empty(k, np.int64)
    column = np.empty(k, np.float64)
    for mask in range(1, 1 << k):
        size = 0
        singular = False
        for t in range(k):
            if not (mask >> t) & 1:
                continue
            diagonal = G[t, t]
            for p in range(size):
                total = G[t, index[p]]
                for q in range(p):
                    total -= L[size, q] * L[p, q]
                L[size, p] = total / L[p, p]
                diagonal -= L[size, p] * L[size, p]
            if diagonal <= 1e-12 * G[t, t] or G[t, t] <= 0.0:
                singular = True
                break
            L[size, size] = np.sqrt(diagonal)
            index[size] = t
            size += 1
        if singular:
            continue
        for c in range(size):
            for p in range(size):
                total = 1.0 if p == c else 0.0
                for q in range(p):
                    total -= L[p, q] * column[q]
                column[p] = total / L[p, p]
            for p in range(size - 1, -1, -1):
                total = column[p]
                for q in range(p + 1, size):
                    total -= L[q, p] * column[q]
                column[p] = total / L[p, p]
            for p in range(size):
                inverses[mask, index[p], index[c]] = column[p]
