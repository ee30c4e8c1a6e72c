"""What is minimised: how far WH is from X. A loss is a beta; its name is one line here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore.data import Data
from nmfcore.losses import beta_divergence, frobenius

LOSSES = {"frobenius": 2.0, "kullback-leibler": 1.0, "itakura-saito": 0.0}

__all__ = ["LOSSES", "divergence"]


def divergence(data: Data, W: NDArray, H: NDArray, beta: float) -> float:
    """Return the loss of W (m, k) H (k, n) for the data, with products in float64 whatever the factors are."""
    H = H.astype(np.float64)
    if beta == 2.0 and data.is_plain and not data.is_sparse:
        return frobenius.value(data.X, W, H)
    return beta_divergence.value(data.rows, W.astype(np.float64), H, beta)
