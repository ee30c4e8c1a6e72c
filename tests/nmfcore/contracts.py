"""What every factorization must satisfy, checked against formulas written out here in NumPy and float64."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore import Result

# Relative to the objective; rounding of |X|^2 is allowed for besides.
RELATIVE = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-9}


def reference_objective(X, W, H, alpha_W=0.0, alpha_H="same", l1_ratio=0.0) -> float:
    """Evaluate the documented objective naively, in float64."""
    X, W, H = (np.asarray(F, dtype=np.float64) for F in (X, W, H))
    m, n = X.shape
    alpha_H = alpha_W if alpha_H == "same" else alpha_H
    value = 0.5 * np.sum((X - W @ H) ** 2)
    for F, weight in ((W, alpha_W * n), (H, alpha_H * m)):
        value += weight * (l1_ratio * np.sum(np.abs(F)) + 0.5 * (1 - l1_ratio) * np.sum(F**2))
    return float(value)


def rounding(X: NDArray) -> float:
    """Return what rounding in X's dtype may do to the objective, whatever its value."""
    return 4 * float(np.finfo(X.dtype).eps) * float(np.sum(np.asarray(X, np.float64) ** 2))


def assert_factors(X: NDArray, W: NDArray, H: NDArray, k: int) -> None:
    """Factors have X's dtype and the right shapes, are finite and not negative."""
    assert W.shape == (X.shape[0], k)
    assert H.shape == (k, X.shape[1])
    assert W.dtype == H.dtype == X.dtype
    for F in (W, H):
        assert np.isfinite(F).all()
        assert (F >= 0).all()


def assert_descent(X: NDArray, result: Result, k: int, **penalties) -> None:
    """The history never rises, and it ends at the objective of the factors that were returned."""
    assert_factors(X, result.W, result.H, k)
    history = result.loss_history
    assert history.dtype == np.float64
    assert history.shape == (result.n_iter + 1,)
    assert np.isfinite(history).all()
    assert np.all(np.diff(history) <= 0), f"rises by {np.diff(history).max()} from {history[0]} to {history[-1]}"
    final = reference_objective(X, result.W, result.H, **penalties)
    assert abs(history[-1] - final) <= RELATIVE[X.dtype] * final + rounding(X)
