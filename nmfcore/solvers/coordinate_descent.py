"""Coordinate descent (HALS) for the Frobenius loss, from the Gram matrix of the other factor.

With N = XC', G = CC' for the factor F and the other one C, row by row and component by component,

    f_t <- max(0, f_t + (N_t - f G_t) / G_tt)

which minimises the objective over f_t exactly; penalties change N and G, neighbours join as a graph. Sweeps over a row
are repeated while N and G are at hand [1]_.

.. [1] Gillis, Glineur, "Accelerated multiplicative updates and hierarchical ALS algorithms for nonnegative matrix
   factorization", Neural Computation 24(4), 2012, doi:10.1162/NECO_a_00256, section 4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import inlined, kernel
from nmfcore.graphs import edgeless
from nmfcore.passes import run_blocks
from nmfcore.penalties import Terms

_ROWS = 256
# Multiplications: with fewer, a sweep is done before another thread has woken.
_LEAST_WORK = 400_000
_TILE = 64
_U = np.uintp
_ENOUGH = 0.01
MAX_SWEEPS = 6
# More are not worth it while the neighbours stand still.
_COUPLED_SWEEPS = 2


@inlined
def _subtract(slope, column, step):
    """Subtract the outer product of column (k,) and step (_TILE,) from slope (k * _TILE,) in place."""
    for u in range(column.shape[0]):
        # Unsigned, or Numba allows for a negative index and the loads become gathers.
        at = _U(u * _TILE)
        c = np.float64(column[u])
        for i in range(_TILE):
            slope[at + _U(i)] -= c * step[i]


@kernel
def _sweep_rows(F, gram, linear, n_fixed, max_sweeps, first, last):
    """Sweep rows [first, last) of F (m, k) in place, each until a sweep moves it by little against its first.

    The rows of a tile lie side by side in vector lanes: entry t of its row i is at ``t * _TILE + i``. Their gradients
    are carried along in float64, so that an entry that does not move costs nothing. A frozen row stays where it is
    while others of its tile still move.
    """
    k = F.shape[1]
    f = np.empty(k * _TILE, np.float64)
    slope = np.empty(k * _TILE, np.float64)
    step = np.empty(_TILE, np.float64)
    moved = np.empty(_TILE, np.float64)
    initial = np.empty(_TILE, np.float64)
    frozen = np.empty(_TILE, np.float64)
    for start in range(first, last, _TILE):
        count = min(_TILE, last - start)
        f[:] = 0.0
        slope[:] = 0.0
        for i in range(count):
            for t in range(k):
                f[t * _TILE + i] = F[start + i, t]
                slope[t * _TILE + i] = linear[start + i, t]
        for t in range(k):
            at = _U(t * _TILE)
            for i in range(_TILE):
                step[i] = f[at + _U(i)]
            _subtract(slope, gram[t], step)
        frozen[:] = 0.0
        for sweep in range(max_sweeps):
            moved[:] = 0.0
            for t in range(n_fixed, k):
                at = _U(t * _TILE)
                curvature = np.float64(gram[t, t])
                if curvature <= 0.0:
                    # Nothing but a penalty sees the entry.
                    for i in range(_TILE):
                        f[at + _U(i)] = f[at + _U(i)] if slope[at + _U(i)] >= 0.0 else 0.0
                    continue
                inverse = 1.0 / curvature
                square = 0.0
                for i in range(_TILE):
                    old = f[at + _U(i)]
                    value = old + slope[at + _U(i)] * inverse
                    value = value if value > 0.0 else 0.0
                    value = value if frozen[i] == 0.0 else old
                    change = value - old
                    step[i] = change
                    f[at + _U(i)] = value
                    moved[i] += change * change * curvature
                    square += change * change
                if square > 0.0:
                    _subtract(slope, gram[t], step)
            n_frozen = 0.0
            for i in range(_TILE):
                # Entry by entry: an assignment of arrays takes two seconds more to compile.
                initial[i] = moved[i] if sweep == 0 else initial[i]
                frozen[i] = 1.0 if moved[i] <= _ENOUGH * initial[i] else frozen[i]
                n_frozen += frozen[i]
            if n_frozen == _TILE:
                break
        for i in range(count):
            for t in range(n_fixed, k):
                F[start + i, t] = f[t * _TILE + i]


@kernel
def _sweep_coupled_rows(
    F, gram, linear, diagonal, coupling, indptr, indices, weights, degree, order, n_fixed, first, last
):  # fmt: skip
    """Sweep the rows order[first:last], no two of them neighbours, with their neighbours' rows fixed.

    diagonal (m, k) or (1, k) joins that of gram.
    """
    k = F.shape[1]
    zero = F.dtype.type(0)
    target = np.empty(k, F.dtype)
    inverse = np.empty(k, F.dtype)
    stiffness = np.empty(k, F.dtype)
    strength = coupling.astype(F.dtype)
    for p in range(first, last):
        i = order[p]
        row = F[i]
        target[:] = zero
        for e in range(indptr[i], indptr[i + 1]):
            neighbour = F[indices[e]]
            weight = F.dtype.type(weights[e])
            for t in range(k):
                target[t] += weight * neighbour[t]
        for t in range(k):
            target[t] = linear[i, t] + strength[t] * target[t]
            stiffness[t] = diagonal[i if diagonal.shape[0] > 1 else 0, t] + coupling[t] * degree[i]
            curvature = gram[t, t] + stiffness[t]
            inverse[t] = 1.0 / curvature if curvature > 0.0 else 0.0
            if curvature <= 0.0 and t >= n_fixed and target[t] < zero:
                row[t] = zero
        for _ in range(_COUPLED_SWEEPS):
            for t in range(n_fixed, k):
                slope = target[t] - stiffness[t] * row[t]
                column = gram[t]
                for u in range(k):
                    slope -= row[u] * column[u]
                value = row[t] + slope * inverse[t]
                row[t] = value if value > zero else zero


@inlined
def smallest_quartic(quartic, quadratic, slope):
    """Return the t >= 0 at which quartic/4 t^4 + quadratic/2 t^2 + slope t is smallest; quartic > 0."""
    p = quadratic / quartic
    q = slope / quartic
    best = 0.0
    lowest = 0.0
    discriminant = 0.25 * q * q + p * p * p / 27.0
    roots = np.zeros(3)
    if discriminant >= 0.0:
        root = np.sqrt(discriminant)
        # The larger of the two cube roots first: their difference would cancel.
        u = np.cbrt(-0.5 * q + root) if q <= 0.0 else np.cbrt(-0.5 * q - root)
        roots[0] = u - p / (3.0 * u) if u != 0.0 else 0.0
    else:
        radius = 2.0 * np.sqrt(-p / 3.0)
        angle = np.arccos(min(1.0, max(-1.0, 3.0 * q / (p * radius)))) / 3.0
        for j in range(3):
            roots[j] = radius * np.cos(angle - 2.0 * np.pi * j / 3.0)
    for j in range(3):
        t = roots[j]
        for _ in range(2):
            derivative = 3.0 * t * t + p
            if derivative > 0.0:
                t -= (t * t * t + p * t + q) / derivative
        value = ((0.25 * t * t + 0.5 * p) * t + q) * t
        if t > 0.0 and value < lowest:
            best = t
            lowest = value
    return best


@kernel
def _sweep_quartic(F, gram, linear, diagonal, strength, n_fixed):
    """Sweep F (n, k) once with 1/2 strength |F'F|^2 added: every coordinate is the minimiser of a quartic.

    diagonal (n, k) or (1, k) joins that of gram.
    """
    n, k = F.shape
    S = np.zeros((k, k), np.float64)
    for j in range(n):
        for t in range(k):
            for u in range(k):
                S[t, u] += np.float64(F[j, t]) * np.float64(F[j, u])
    for j in range(n):
        row = F[j]
        for t in range(n_fixed, k):
            old = np.float64(row[t])
            slope = np.float64(linear[j, t])
            others = 0.0
            cross = 0.0
            for u in range(k):
                slope -= gram[t, u] * row[u]
                if u != t:
                    others += np.float64(row[u]) * row[u]
                    cross += (S[t, u] - old * row[u]) * row[u]
            slope += gram[t, t] * old
            quadratic = gram[t, t] + diagonal[j if diagonal.shape[0] > 1 else 0, t]
            quadratic += 2.0 * strength * (S[t, t] - old * old + others)
            row[t] = smallest_quartic(2.0 * strength, quadratic, 2.0 * strength * cross - slope)
            change = np.float64(row[t]) - old
            for u in range(k):
                if u != t:
                    S[t, u] += change * row[u]
                    S[u, t] = S[t, u]
            S[t, t] += change * (2.0 * old + change)


def update(F: NDArray, gram: NDArray, linear: NDArray, terms: Terms, max_sweeps: int = MAX_SWEEPS) -> None:
    """Lower 1/2 <F gram, F> - <linear, F> + terms over F (m, k) >= 0 in place."""
    if terms.linear.any():
        linear = linear - terms.linear.astype(linear.dtype)
    if terms.quartic:
        free = terms.decoupled(F)
        gram = (gram + free.gram).astype(np.float64)
        linear = linear - (free.linear - terms.linear)
        _sweep_quartic(F, gram, linear, np.atleast_2d(free.diagonal), float(terms.quartic), terms.n_fixed)
        return
    gram = gram + terms.gram.astype(gram.dtype)
    if terms.graph is not None or terms.diagonal.ndim == 2:
        _sweep_colours(F, gram, linear, terms)
        return
    gram.flat[:: gram.shape[0] + 1] += terms.diagonal.astype(gram.dtype)
    n_blocks = -(-F.shape[0] // _ROWS)
    run_blocks(
        lambda a, b: _sweep_rows(F, gram, linear, terms.n_fixed, max_sweeps, a * _ROWS, min(b * _ROWS, F.shape[0])),
        n_blocks,
        least=max(2, _LEAST_WORK // (_ROWS * F.shape[1] ** 2)),
    )


def _sweep_colours(F: NDArray, gram: NDArray, linear: NDArray, terms: Terms) -> None:
    graph = terms.graph or edgeless(len(F))
    arrays = (graph.indptr, graph.indices, graph.weights, graph.degree, graph.order)
    diagonal = np.atleast_2d(terms.diagonal)
    for start, end in zip(graph.bounds[:-1], graph.bounds[1:], strict=True):
        n_blocks = -(-(end - start) // _ROWS)

        def sweep(a: int, b: int, start: int = start, end: int = end) -> None:
            first, last = start + a * _ROWS, min(start + b * _ROWS, end)
            _sweep_coupled_rows(F, gram, linear, diagonal, terms.coupling, *arrays, terms.n_fixed, first, last)

        run_blocks(sweep, n_blocks)
