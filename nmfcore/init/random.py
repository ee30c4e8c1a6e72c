"""Random start: half-normal entries of the scale that gives WH the mean of X."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def initialise(X: NDArray, k: int, rng: np.random.RandomState) -> tuple[NDArray, NDArray]:
    """Return W (m, k) and H (k, n) for X (m, n); H is drawn first, as in scikit-learn."""
    scale = np.sqrt(X.mean(dtype=np.float64) / k)
    H = scale * np.abs(rng.standard_normal((k, X.shape[1])))
    W = scale * np.abs(rng.standard_normal((X.shape[0], k)))
    return W.astype(X.dtype), H.astype(X.dtype)
