"""Random start: half-normal entries of the scale that gives WH the mean of X."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def weighted_mean(X: NDArray, weight: NDArray) -> float:
    """Return the mean of the entries of X (m, n), rows counted by weight (m,)."""
    return float(weight @ X.mean(axis=1, dtype=np.float64)) / float(weight.sum(dtype=np.float64))


def initialise(
    X: NDArray,
    k: int,
    rng: np.random.RandomState,
    weight: NDArray,
    approximation: tuple[NDArray, NDArray] | None = None,
) -> tuple[NDArray, NDArray]:
    """Return W (m, k) and H (k, n) for X (m, n), rows counted by weight (m,); H is drawn first, as in scikit-learn."""
    scale = np.sqrt(weighted_mean(X, weight) / k)
    H = scale * np.abs(rng.standard_normal((k, X.shape[1])))
    W = scale * np.abs(rng.standard_normal((X.shape[0], k)))
    return W.astype(X.dtype), H.astype(X.dtype)
