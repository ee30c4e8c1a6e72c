"""A start for the losses that follow WH: the init, improved on X in single precision.

There an update costs a third to a sixth of one that is recorded: twice as many entries fit a register, and the
objective is measured at the end alone. First come multiplicative updates with extrapolation, the cheapest way from far;
where Newton's method on rows knows the loss, its steps follow, else more updates, until they are no longer worth it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmfcore.data import Data
from nmfcore.init import INITS
from nmfcore.iterate import Limits
from nmfcore.penalties import Penalties
from nmfcore.solvers import compressed_start, row_newton
from nmfcore.solvers.alternating import Alternating
from nmfcore.solvers.multiplicative_descent import MultiplicativeDescent
from nmfcore.stopping import NEWTON, smallest_decrease

# Smaller X is fitted in the time that the detour would take.
_LEAST_SIZE = 1 << 16
_UPDATES, _MOST_UPDATES, _STEPS = 20, 200, 100
# What ends a fit by default.
_WORTH = 1e-4


def start(
    data: Data, k: int, init: str, beta: float, reference: float, rng: np.random.RandomState, limits: Limits
) -> tuple[NDArray, NDArray]:
    """Return W (m, k) and H (k, n): improved where X is plain and large, else those of the init.

    reference: the objective against which errors are relative. limits: max_iter holds for the updates, and for the
    steps.
    """
    X: Any = data.canonical
    weight = data.rows.row_weight
    if not data.is_plain or (X.nnz if data.is_sparse else X.size) < _LEAST_SIZE:
        return INITS[init](X, k, rng, weight)
    narrow = Data(X.astype(np.float32, copy=False))
    basis = compressed_start.basis(narrow.rows, narrow.columns, k, rng) if k < min(data.shape) else None
    first = INITS[init](X, k, rng, weight, basis)
    W, H = (F.astype(np.float32) for F in first)
    state: Alternating = MultiplicativeDescent(narrow, W, H, Penalties(), beta, "mu")
    before = state.loss
    has_newton = beta in row_newton.BETAS
    updates = min(_UPDATES, limits.max_iter)
    for _ in range(1 if has_newton else _MOST_UPDATES // _UPDATES):
        decrease = state.update_unmeasured(updates)
        if decrease <= updates * smallest_decrease(state.loss, reference, _WORTH, 1) or limits.seconds_left == 0.0:
            break
    if has_newton:
        state = Alternating(narrow, state.W, state.H, Penalties(), beta, "cd")
        for _ in range(min(_STEPS, limits.max_iter)):
            expected = None if limits.seconds_left == 0.0 else state.step()
            if expected is None or expected <= smallest_decrease(state.loss, reference, _WORTH, NEWTON):
                break
    if not state.loss < before:
        return first
    return state.W.astype(data.dtype), state.H.astype(data.dtype)
