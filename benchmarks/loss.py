"""The loss of a factorization, computed apart from every peer: plain NumPy, float64, no shortcut."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

# A block and what is made of it stay in the cache.
ENTRIES = 1 << 18


def divergence(X: Any, W: NDArray, H: NDArray, beta_loss: str = "frobenius") -> float:
    """Compute the loss between X and WH.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_samples, n_features)
    W : ndarray of float, shape (n_samples, n_components)
    H : ndarray of float, shape (n_components, n_features)
    beta_loss : {"frobenius", "kullback-leibler", "itakura-saito"}, default="frobenius"
        Sums over all entries x of X and y of WH: 1/2 (x - y)^2; x log(x / y) - x + y; x / y - log(x / y) - 1.

    Returns
    -------
    float
        Formed and summed in float64, about 260,000 entries at a time. Infinite where y is 0 and x is not, and for
        "itakura-saito" where either is 0.
    """
    H = H.astype(np.float64, copy=False)
    if sp.issparse(X):
        return _of_sparse(X.tocsr(), W.astype(np.float64, copy=False), H, beta_loss)
    total = 0.0
    rows = max(1, ENTRIES // X.shape[1])
    for start in range(0, len(X), rows):
        x = X[start : start + rows].astype(np.float64)
        total += _of_entries(x, W[start : start + rows].astype(np.float64) @ H, beta_loss)
    return total


def _of_entries(x: NDArray[np.float64], y: NDArray[np.float64], beta_loss: str) -> float:
    if beta_loss == "frobenius":
        residual = x - y
        return 0.5 * float(np.vdot(residual, residual))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = x / y
        if beta_loss == "kullback-leibler":
            return float(np.sum(np.where(x > 0, x * np.log(ratio), 0.0) - x + y))
        return float(np.sum(np.where((x > 0) & (y > 0), ratio - np.log(ratio) - 1.0, np.inf)))


def _of_sparse(X: Any, W: NDArray[np.float64], H: NDArray[np.float64], beta_loss: str) -> float:
    """Take the stored entries as `_of_entries` does, and of the others, whose x is 0, only the sum over all of them."""
    if beta_loss == "itakura-saito":
        raise ValueError("beta_loss 'itakura-saito' is infinite for sparse X")
    squares = beta_loss == "frobenius"
    total = 0.5 * float(np.vdot(W.T @ W, H @ H.T)) if squares else float(W.sum(axis=0) @ H.sum(axis=1))
    rows = max(1, ENTRIES // max(1, (X.nnz * W.shape[1]) // X.shape[0]))
    for start in range(0, X.shape[0], rows):
        block = X[start : start + rows].tocoo()
        x = block.data.astype(np.float64)
        y = np.einsum("ij,ji->i", W[start : start + rows][block.row], H[:, block.col])
        total += _of_entries(x, y, beta_loss) - (0.5 * float(np.vdot(y, y)) if squares else float(y.sum()))
    return total


def trivial_loss(X: Any, beta_loss: str = "frobenius") -> float:
    """Compute the loss of W = 0 for "frobenius", of the mean of X in every entry for the other losses."""
    size = X.shape[0] * X.shape[1]
    if beta_loss == "frobenius":
        level = 0.0
    else:
        level = float(X.sum(dtype=np.float64)) / size
    return divergence(X, np.full((X.shape[0], 1), level), np.ones((1, X.shape[1])), beta_loss)
