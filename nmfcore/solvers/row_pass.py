"""The fused pass over a tall matrix: every row solved exactly, and the sums that the step on H needs, read once.

X is feature-major here, shape (n, m): consecutive rows of the problem are neighbours in memory, and fill vector lanes.
"""

from __future__ import annotations

import numpy as np

from nmfcore._jit import inlined, kernel
from nmfcore.solvers._lanes import MAX_COMPONENTS, MAX_ENUMERATED, TILE, solve_tile
from nmfcore.solvers.nnls import inverse_tables

MAX_FEATURES = 32
BLOCK = 16 * TILE

__all__ = [
    "BLOCK",
    "MAX_COMPONENTS",
    "MAX_FEATURES",
    "fit_sample",
    "normalise_rows",
    "row_pass",
    "step_H",
    "sums_length",
]


def sums_length(k: int, n: int) -> int:
    """Return how many sums a pass takes: |X - WH|^2, W'X, the lower triangle of W'W, the column sums of W."""
    return 1 + k * n + k * (k + 1) // 2 + k


@inlined
def row_pass(components, X, H, l1, l2, W, store, warm, sums, first, last):
    """Solve the rows of blocks [first, last); overwrite sums[first:last], and W (k, m) where store is true.

    warm: W holds the rows solved for an H nearby.

    components is a tuple of k anything: its length is what the kernel is compiled for. X (n, m), H (k, n), W and X of
    one dtype; sums (n_blocks, sums_length(k, n)) float64.
    """
    k = len(components)
    n, m = X.shape
    one = H.dtype.type(1)
    G64 = np.empty((k, k), np.float64)
    for t in range(k):
        for u in range(k):
            total = 0.0
            for j in range(n):
                total += np.float64(H[t, j]) * np.float64(H[u, j])
            G64[t, u] = total
        G64[t, t] += l2
    P64 = np.zeros((1 << k if k <= MAX_ENUMERATED else 1, k, k), np.float64)
    if k <= MAX_ENUMERATED:
        inverse_tables(G64, P64)
    G = (G64 * one).astype(X.dtype)
    P = P64.astype(X.dtype)
    slack = X.dtype.type(32.0) * np.finfo(X.dtype).eps
    shift = X.dtype.type(l1)

    x = np.zeros(n * TILE, X.dtype)
    N = np.empty(k * TILE, X.dtype)
    tile = np.empty(k * TILE, X.dtype)
    active = np.empty(k * TILE, X.dtype)
    flag = np.empty(TILE, X.dtype)
    row = np.empty(k, np.float64)
    solution = np.empty(k, np.float64)
    for block in range(first, last):
        sums[block, :] = 0.0
        end = min(m, (block + 1) * BLOCK)
        for start in range(block * BLOCK, end, TILE):
            size = min(TILE, end - start)
            for j in range(n):
                source = X[j, start : start + size]
                target = x[j * TILE : (j + 1) * TILE]
                for i in range(size):
                    target[i] = source[i]
                for i in range(size, TILE):
                    target[i] = 0.0
            if warm:
                for t in range(k):
                    guess = W[t, start : start + size]
                    target = tile[t * TILE : (t + 1) * TILE]
                    for i in range(size):
                        target[i] = guess[i]
            solve_tile(components, x, n, H, G, P, shift, slack, N, tile, warm, active, flag, row, solution, sums[block])
            if store:
                for t in range(k):
                    result = W[t, start : start + size]
                    source = tile[t * TILE : (t + 1) * TILE]
                    for i in range(size):
                        result[i] = source[i]


@inlined
def step_H(H, B, C, l1, l2):
    """Minimise 1/2 <CH, H> - <B, H> + l1 |H|_1 + 1/2 l2 |H|^2 over H (k, n) >= 0 in place, by coordinates."""
    k, n = H.shape
    for _ in range(500):
        largest = 0.0
        scale = 0.0
        for t in range(k):
            curvature = C[t, t] + l2
            if curvature <= 0.0:
                continue
            for j in range(n):
                slope = B[t, j] - l1 - l2 * H[t, j]
                for u in range(k):
                    slope -= C[t, u] * H[u, j]
                value = max(H[t, j] + slope / curvature, 0.0)
                largest = max(largest, abs(value - H[t, j]))
                scale = max(scale, value)
                H[t, j] = value
        if largest <= 1e-9 * scale:
            break


@inlined
def normalise_rows(H):
    """Scale the rows of H (k, n) to unit length in place; a zero row stays."""
    for t in range(H.shape[0]):
        norm = np.sqrt(np.sum(H[t] ** 2))
        if norm > 0.0:
            H[t] /= norm


@inlined
def advance(total, H, step, ahead, state, penalties, tilt, balanced, one):
    """Take the sums of a pass at ``ahead``: accept it as H or fall back to ``step``, and choose the next ``ahead``.

    The objective is that of the rows minus <tilt, H>. state holds its value at H, the extrapolation weight, and
    whether ``ahead`` is an extrapolation. Returns 1 where H moved, 0 where the extrapolation overshot, -1 where not
    even the plain step lowered the loss. ``balanced``: rows of H are kept at unit length, which is free where no
    penalty weighs them. penalties = (l1_W, l2_W, l1_H, l2_H).
    """
    k, n = H.shape
    B = np.empty((k, n), np.float64)
    C = np.empty((k, k), np.float64)
    loss = 0.5 * total[0]
    for t in range(k):
        for j in range(n):
            B[t, j] = total[1 + t * n + j] + tilt[t, j]
            loss += (penalties[2] - tilt[t, j]) * ahead[t, j] + 0.5 * penalties[3] * ahead[t, j] ** 2
        for u in range(t + 1):
            C[t, u] = total[1 + k * n + t * (t + 1) // 2 + u]
            C[u, t] = C[t, u]
        loss += penalties[0] * total[1 + k * n + k * (k + 1) // 2 + t] + 0.5 * penalties[1] * C[t, t]
    if not loss < state[0]:
        if state[2] == 0.0:
            return -1
        state[1] *= 0.5
        state[2] = 0.0
        ahead[:] = step
        return 0
    first = state[0] == np.inf
    state[0] = loss
    H[:] = ahead
    new = H.copy()
    step_H(new, B, C, penalties[2], penalties[3])
    if balanced:
        normalise_rows(new)
    # The first step has nothing to extrapolate from.
    weight = 0.0 if first else state[1]
    ahead[:] = np.maximum(new + weight * (new - step), 0.0)
    if balanced:
        normalise_rows(ahead)
    ahead *= one
    step[:] = new * one
    state[2] = weight
    state[1] = 0.5 if first else min(1.0, 1.1 * state[1])
    return 1


@kernel
def fit_sample(components, X, H, penalties, tilt, balanced, tol, max_passes):
    """Lower the objective of X (n, m) minus <tilt, H> until two steps in a row gain less than tol; H in place.

    Returns the values at the start and at the end, and the number of passes.
    """
    k, n = H.shape
    one = X.dtype.type(1)
    n_blocks = (X.shape[1] + BLOCK - 1) // BLOCK
    sums = np.empty((n_blocks, 1 + k * n + k * (k + 1) // 2 + k), np.float64)
    total = np.empty(sums.shape[1], np.float64)
    remembers = k > MAX_ENUMERATED
    W = np.empty((k, X.shape[1] if remembers else 1), X.dtype)
    step = H.copy()
    ahead = H.copy()
    state = np.array([np.inf, 0.5, 0.0])
    small = 0
    start = np.inf
    for i in range(max_passes):
        narrow = (ahead * one).astype(X.dtype)
        row_pass(
            components, X, narrow, penalties[0], penalties[1], W, remembers, remembers and i > 0, sums, 0, n_blocks
        )
        total[:] = 0.0
        for block in range(n_blocks):
            total += sums[block]
        before = state[0]
        outcome = advance(total, H, step, ahead, state, penalties, tilt, balanced, one)
        if i == 0:
            start = state[0]
        if outcome < 0:
            break
        if outcome == 1:
            small = small + 1 if before - state[0] <= tol else 0
            if small == 2:
                break
    return start, state[0], i + 1
