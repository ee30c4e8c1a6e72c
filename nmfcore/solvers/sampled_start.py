"""A start for large dense X: a fit to a corner of X, widened to a band of its rows, then to all rows.

An iteration on a sample of the rows and columns costs a small share of one on X, and its factors, once the other rows
and columns are solved for them, are nearly as good. What follows on X has only the sampling error left to mend.
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
_CORNER_STEPS = 40
_BAND_STEPS = 8
_WIDENING_UPDATES = 3


def start(
    data: Data, k: int, init: str, beta: float, solver: str, rng: np.random.RandomState
) -> tuple[NDArray, NDArray]:
    """Return W (m, k) and H (k, n): from samples of plain dense data where X is large, else from X itself."""
    X = data.X
    m, n = X.shape
    if data.is_sparse or not data.is_plain or X.size < _LEAST_SIZE:
        return INITS[init](X, k, rng, data.rows.row_weight)
    rows, columns = _sample(m, k, rng), _sample(n, k, rng)
    corner = X[np.ix_(rows, columns)]
    if corner.size == X.size or not corner.any():
        return INITS[init](X, k, rng, data.rows.row_weight)
    W, H = INITS[init](corner, k, rng, np.ones(len(rows), X.dtype))
    state = _fit(Data(corner), W, H, beta, solver, _CORNER_STEPS)
    W, H = state.W, state.H
    if len(columns) < n:
        state = Alternating(Data(np.ascontiguousarray(X[rows])), W, _spread(H, columns, n), Penalties(), beta, solver)
        for _ in range(_WIDENING_UPDATES):
            state.update_H()
        if len(rows) < m:
            state = _fit(state.data, state.W, state.H, beta, solver, _BAND_STEPS)
        W, H = state.W, state.H
    if len(rows) < m:
        state = Alternating(data, _spread(W.T, rows, m).T, H, Penalties(), beta, solver)
        for _ in range(_WIDENING_UPDATES):
            state.update_W()
        W = state.W
    return W, H


def _sample(size: int, k: int, rng: np.random.RandomState) -> NDArray[np.intp]:
    """Return an eighth of the indices, but enough for k components; all of them where that is not much fewer."""
    wanted = max(size // _SHARE, _LEAST_PER_COMPONENT * k)
    return np.arange(size) if wanted > size // 2 else sample_index(size, wanted, rng)


def _fit(data: Data, W: NDArray, H: NDArray, beta: float, solver: str, steps: int) -> Alternating:
    state = Alternating(data, W, H, Penalties(), beta, solver)
    for _ in range(steps):
        if state.step() is None:
            break
    return state


def _spread(H: NDArray, columns: NDArray[np.intp], n: int) -> NDArray:
    """Return H (k, n) with the given columns, the others at the mean of each row."""
    full = np.repeat(H.mean(axis=1, keepdims=True), n, axis=1)
    full[:, columns] = H
    return full
