"""The fused pass over a tall matrix: every row solved exactly, and the sums that the step on H needs, read once.

X is feature-major here, shape (n, m): consecutive rows of the problem are neighbours in memory, and fill vector lanes.
"""

from __future__ import annotations

import numpy as np

from nmfcore._jit import kernel
from nmfcore.solvers._lanes import MAX_COMPONENTS, MAX_ENUMERATED, TILE, solve_tile
from nmfcore.solvers.nnls import inverse_tables

MAX_FEATURES = 1024
# Below, a block of rows is little work, and a sample little data.
FEW_FEATURES = 32

__all__ = [
    "FEW_FEATURES",
    "MAX_COMPONENTS",
    "MAX_FEATURES",
    "block_length",
    "normalise_rows",
    "row_pass",
    "step_H",
    "sums_length",
]


def block_length(n: int) -> int:
    """Return how many rows of n columns make a block; a power of two times the tile."""
    return TILE * (16 if n <= FEW_FEATURES else 2)


def sums_length(k: int, n: int) -> int:
    """Return how many sums a pass takes: |X - WH|^2, W'X, the lower triangle of W'W, the column sums of W."""
    return 1 + k * n + k * (k + 1) // 2 + k


@kernel
def row_pass(components, X, is_by_row, H, l1, l2, W, store, warm, sums, tops, length, first, last):
    """Solve the rows of blocks [first, last); overwrite W (k, m) where store is true, and sums and tops of the blocks.

    length: rows of a block, as `block_length`. warm: W holds the rows solved for an H nearby.

    components is a tuple of k anything: its length is what the kernel is compiled for. X (n, m), or (m, n) where
    is_by_row, H (k, n), W and X of one dtype; sums (n_blocks, sums_length(k, n)) float64, or (n_blocks, 0): none are
    wanted. tops (n_blocks,) is of unsigned integers as wide as those numbers, or (0,): the largest pattern of bits in
    the block, which is that of its largest entry, or above that of infinity where one is negative or NaN.
    """
    k = len(components)
    n = H.shape[1]
    m = X.shape[0] if is_by_row else X.shape[1]
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
    G = G64.astype(X.dtype)
    P = P64.astype(X.dtype)
    slack = X.dtype.type(32.0) * np.finfo(X.dtype).eps
    shift = X.dtype.type(l1)

    x = np.zeros(n * TILE, X.dtype)
    patterns = x.view(tops.dtype)
    N = np.empty(k * TILE, X.dtype)
    tile = np.empty(k * TILE, X.dtype)
    active = np.empty(k * TILE, X.dtype)
    flag = np.empty(TILE, X.dtype)
    row = np.empty(k, np.float64)
    solution = np.empty(k, np.float64)
    for block in range(first, last):
        for s in range(sums.shape[1]):
            sums[block, s] = 0.0
        top = tops.dtype.type(0)
        end = min(m, (block + 1) * length)
        for start in range(block * length, end, TILE):
            size = min(TILE, end - start)
            for j in range(n):
                target = x[j * TILE : (j + 1) * TILE]
                if is_by_row:
                    for i in range(size):
                        target[i] = X[start + i, j]
                else:
                    source = X[j, start : start + size]
                    for i in range(size):
                        target[i] = source[i]
                for i in range(size, TILE):
                    target[i] = 0.0
            if tops.shape[0] > 0:
                for s in range(patterns.shape[0]):
                    top = max(top, patterns[s])
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
        if tops.shape[0] > 0:
            tops[block] = top


@kernel
def step_H(H, B, C, l1, l2):
    """Minimise 1/2 <CH, H> - <B, H> + l1 |H|_1 + 1/2 l2 |H|^2 over H (k, n) >= 0 in place, by coordinates."""
    k, n = H.shape
    slope = np.empty(n, np.float64)
    for _ in range(500):
        largest = 0.0
        scale = 0.0
        for t in range(k):
            curvature = C[t, t] + l2
            if curvature <= 0.0:
                continue
            for j in range(n):
                slope[j] = B[t, j] - l1 - l2 * H[t, j]
            # A row of H at a time: its columns fill vector lanes.
            for u in range(k):
                for j in range(n):
                    slope[j] -= C[t, u] * H[u, j]
            for j in range(n):
                value = max(H[t, j] + slope[j] / curvature, 0.0)
                largest = max(largest, abs(value - H[t, j]))
                scale = max(scale, value)
                H[t, j] = value
        if largest <= 1e-9 * scale:
            break


@kernel
def normalise_rows(H):
    """Scale the rows of H (k, n) to unit length in place; a zero row stays."""
    k, n = H.shape
    for t in range(k):
        square = 0.0
        for j in range(n):
            square += H[t, j] * H[t, j]
        if square > 0.0:
            norm = np.sqrt(square)
            for j in range(n):
                H[t, j] /= norm
