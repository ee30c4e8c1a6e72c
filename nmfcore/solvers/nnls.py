"""Non-negative least squares with one small Gram matrix and many right-hand sides.

Each row w of W minimises 1/2 w G w' - N w' over w >= 0, with G = HH' + l2 I and N = xH' - l1.
"""

from __future__ import annotations

import numpy as np

from nmfcore._jit import inlined, kernel

_FULL_EXCHANGES = 3
_LEAST_RAISE = 1e-10
# Fraction of its norm squared that a component needs outside the span of those before it.
DEPENDENT = 32.0 * float(np.finfo(np.float64).eps)


@inlined
def _solve_active(G, N, active, size, dependent, L, solution):
    """Solve G w = N on the active components by Cholesky into solution; a nearly dependent component gets 0."""
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
        if diagonal <= dependent * G[t, t] or G[t, t] <= 0.0:
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


@inlined
def _most_negative_gradient(G, N, active, size, dependent, w):
    """Return the inactive component with the most negative gradient, -1 if none is beyond rounding."""
    best = -1
    steepest = 0.0
    for t in range(size):
        if active[t]:
            continue
        gradient = -float(N[t])
        scale = abs(gradient)
        for j in range(size):
            gradient += G[t, j] * w[j]
            scale += abs(G[t, j] * w[j])
        if gradient < -dependent * scale and gradient < steepest:
            best = t
            steepest = gradient
    return best


@inlined
def _solve_by_single_entries(G, N, size, dependent, L, w):
    """Minimise 1/2 wGw' - Nw' over w >= 0 by Lawson and Hanson's method: slow, and sure to end."""
    active = np.zeros(size, np.bool_)
    trial = np.empty(size, np.float64)
    w[:] = 0.0
    for _ in range(3 * size):
        entering = _most_negative_gradient(G, N, active, size, dependent, w)
        if entering < 0:
            break
        active[entering] = True
        for _ in range(size):
            _solve_active(G, N, active, size, dependent, L, trial)
            step = 1.0
            blocking = -1
            for t in range(size):
                if active[t] and trial[t] <= 0.0:
                    length = w[t] / (w[t] - trial[t]) if w[t] > trial[t] else 0.0
                    if length < step or blocking < 0:
                        step = length
                        blocking = t
            for t in range(size):
                if active[t]:
                    w[t] += step * (trial[t] - w[t])
                    # By name too, since rounding may leave it just above 0.
                    if trial[t] <= 0.0 and (w[t] <= 0.0 or t == blocking):
                        w[t] = 0.0
                        active[t] = False
            if blocking < 0:
                break


@inlined
def _pivot_row(G, N, size, dependent, L, w):
    """Minimise 1/2 wGw' - Nw' over w >= 0 into w; return whether w is known to be the minimiser."""
    active = np.empty(size, np.bool_)
    wrong = np.empty(size, np.bool_)
    for t in range(size):
        active[t] = N[t] > 0.0
    fewest = size + 1
    exchanges = _FULL_EXCHANGES
    for _ in range(10 * size + 10):
        _solve_active(G, N, active, size, dependent, L, w)
        infeasible = 0
        last = -1
        left_out = False
        for t in range(size):
            wrong[t] = w[t] < 0.0
            if w[t] == 0.0:
                gradient = -float(N[t])
                scale = abs(gradient)
                for j in range(size):
                    gradient += G[t, j] * w[j]
                    scale += abs(G[t, j] * w[j])
                wanted = gradient < -dependent * scale
                wrong[t] = wanted and not active[t]
                # Active, and yet 0: the components before it span it, but not at the price that L1 puts on them.
                left_out = left_out or (wanted and active[t])
            if wrong[t]:
                infeasible += 1
                last = t
        if infeasible == 0:
            return not left_out
        if infeasible < fewest:
            fewest = infeasible
            exchanges = _FULL_EXCHANGES
        elif exchanges > 0:
            exchanges -= 1
        for t in range(size):
            # The backup rule of the paper: one exchange at a time cannot cycle.
            if wrong[t] and (exchanges > 0 or t == last):
                active[t] = not active[t]
    return False


@inlined
def solve_row(G, N, size, dependent, solution):
    """Minimise 1/2 wGw' - Nw' over w >= 0 into solution, by block principal pivoting [1]_ in float64.

    G (size, size), N (size,), solution (size,). A component is left out if less than the fraction ``dependent`` of its
    norm squared lies outside the span of those before it: what it would add is the rounding of N, magnified. Where
    that does not do, G is raised on its diagonal by little more than that share, which makes the minimiser unique.

    .. [1] Kim, Park, SIAM J. Sci. Comput. 33(6), 2011, doi:10.1137/110821172, algorithm 2.
    """
    L = np.empty((size, size), np.float64)
    w = np.empty(size, np.float64)
    if not _pivot_row(G, N, size, dependent, L, w):
        raised = G.astype(np.float64)
        for t in range(size):
            raised[t, t] *= 1.0 + max(4.0 * dependent, _LEAST_RAISE)
        _solve_by_single_entries(raised, N, size, dependent, L, w)
    for t in range(size):
        solution[t] = w[t]


@kernel
def nnls_rows(G, N, dependent, W):
    """Overwrite W (m, k) with the minimisers for the rows of N (m, k)."""
    for i in range(N.shape[0]):
        solve_row(G, N[i], N.shape[1], dependent, W[i])


@inlined
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
