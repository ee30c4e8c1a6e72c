"""A start for large X: the init, improved on a sample of the rows (of the columns, where X is wide).

An iteration on a sample costs a small share of one on X. What the sample has learnt of H, and W solved for it, is far
ahead of the init; what follows on X has only the sampling error left to mend. The init itself sees all of X: from the
singular vectors of a sample, fits to structured data come to worse minima.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
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
# Steps on the sample, and updates of the factor that it left out. Newton's method is near the sample's own minimum
# after a few, and X has another one.
_STEPS, _WIDENING_UPDATES = 20, 3
_NEWTON_STEPS, _NEWTON_WIDENING_UPDATES = 4, 1
# Far from any minimum, updates that are done to their end settle on poorer ones.
_SWEEPS = 2


def start(
    data: Data, k: int, init: str, beta: float, solver: str, rng: np.random.RandomState
) -> tuple[NDArray, NDArray]:
    """Return W (m, k) and H (k, n): improved on a sample where X is plain and large, else those of the init."""
    X: Any = data.X
    m, n = data.shape
    W, H = INITS[init](X, k, rng, data.rows.row_weight)
    size = max(max(m, n) // _SHARE, _LEAST_PER_COMPONENT * k)
    stored = X.nnz if data.is_sparse else X.size
    if not data.is_plain or stored < _LEAST_SIZE or size > max(m, n) // 2:
        return W, H
    index = sample_index(max(m, n), size, rng)
    by_newton = solver == "cd" and beta != 2.0
    steps, updates = (_NEWTON_STEPS, _NEWTON_WIDENING_UPDATES) if by_newton else (_STEPS, _WIDENING_UPDATES)
    if m >= n:
        state = _improve(X[index], W[index], H, beta, solver, steps)
        W[index] = state.W
        state = Alternating(data, W, state.H, Penalties(), beta, solver)
        for _ in range(updates):
            state.update_W()
    else:
        state = _improve(X[:, index], W, H[:, index], beta, solver, steps)
        H[:, index] = state.H
        state = Alternating(data, state.W, H, Penalties(), beta, solver)
        for _ in range(updates):
            state.update_H()
    return state.W, state.H


def _improve(X: Any, W: NDArray, H: NDArray, beta: float, solver: str, steps: int) -> Alternating:
    sample = sp.csr_array(X) if sp.issparse(X) else np.ascontiguousarray(X)
    state = Alternating(Data(sample), W, H, Penalties(), beta, solver, max_sweeps=_SWEEPS)
    for _ in range(steps):
        if state.step() is None:
            break
    return state
