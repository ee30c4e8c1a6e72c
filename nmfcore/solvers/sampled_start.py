"""A start for large dense X: the init, improved on a sample of the rows (of the columns, where X is wide).

An iteration on a sample costs a small share of one on X. What the sample has learnt of H, and W solved for it, is far
ahead of the init; what follows on X has only the sampling error left to mend. The init itself sees all of X: from the
singular vectors of a sample, fits to structured data come to worse minima.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore.data import Data
from nmfcore.init import INITS
from nmfcore.penalties import Penalties
from nmfcore.solvers.alternating import Alternating
from nmfcore.solvers.tall import sample_index

# Smaller X is fitted in the time that the detour would take.
_LEAST_SIZE = 1 << 16
_SHARE = 8
_LEAST_PER_COMPONENT = 8
_STEPS = 20
_WIDENING_UPDATES = 3


def start(
    data: Data, k: int, init: str, beta: float, solver: str, rng: np.random.RandomState
) -> tuple[NDArray, NDArray]:
    """Return W (m, k) and H (k, n): improved on a sample where X is plain, dense and large, else those of the init."""
    X = data.X
    m, n = X.shape
    W, H = INITS[init](X, k, rng, data.rows.row_weight)
    size = max(max(m, n) // _SHARE, _LEAST_PER_COMPONENT * k)
    if data.is_sparse or not data.is_plain or X.size < _LEAST_SIZE or size > max(m, n) // 2:
        return W, H
    index = sample_index(max(m, n), size, rng)
    if m >= n:
        state = _improve(X[index], W[index], H, beta, solver)
        W[index] = state.W
        state = Alternating(data, W, state.H, Penalties(), beta, solver)
        for _ in range(_WIDENING_UPDATES):
            state.update_W()
    else:
        state = _improve(X[:, index], W, H[:, index], beta, solver)
        H[:, index] = state.H
        state = Alternating(data, state.W, H, Penalties(), beta, solver)
        for _ in range(_WIDENING_UPDATES):
            state.update_H()
    return state.W, state.H


def _improve(X: NDArray, W: NDArray, H: NDArray, beta: float, solver: str) -> Alternating:
    state = Alternating(Data(np.ascontiguousarray(X)), W, H, Penalties(), beta, solver)
    for _ in range(_STEPS):
        if state.step() is None:
            break
    return state
