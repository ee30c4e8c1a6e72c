"""The loss of a factorization, computed apart from every peer: plain NumPy, float64, no shortcut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROWS = 1 << 16


def squared_loss(X: NDArray, W: NDArray, H: NDArray) -> float:
    """Compute half the squared Frobenius norm of X - WH.

    Parameters
    ----------
    X : ndarray of float, shape (n_samples, n_features)
    W : ndarray of float, shape (n_samples, n_components)
    H : ndarray of float, shape (n_components, n_features)

    Returns
    -------
    float
        Residuals are formed and summed in float64, 65,536 rows at a time.
    """
    H = H.astype(np.float64)
    total = 0.0
    for start in range(0, len(X), ROWS):
        residual = X[start : start + ROWS] - W[start : start + ROWS].astype(np.float64) @ H
        total += float(np.vdot(residual, residual))
    return 0.5 * total


def half_squared_norm(X: NDArray) -> float:
    """Compute half the squared Frobenius norm of X in float64, the loss of W = 0."""
    total = 0.0
    for start in range(0, len(X), ROWS):
        rows = X[start : start + ROWS].astype(np.float64)
        total += float(np.vdot(rows, rows))
    return 0.5 * total
