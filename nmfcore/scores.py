"""How well factors describe data: the loss of an entry, and the fraction of the loss that they explain."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from nmfcore.data import Data
from nmfcore.losses import divergence
from nmfcore.problem import beta_of
from nmfcore.validation import as_matrix, check_mask, check_sample_weight, hide_missing, split_masked

__all__ = ["losses_of"]


def losses_of(
    X: Any,
    W: NDArray[Any],
    H: NDArray[Any],
    beta_loss: float | str,
    *,
    missing: str,
    mask: ArrayLike | None,
    weight: Any,
) -> tuple[float, float, float]:
    """Return the loss of WH, that of the means of the columns, and the number of entries: weighted, hidden ones aside.

    Of all constants, the mean of a column has the least beta-divergence from it, for every beta.
    """
    X, mask = split_masked(X, mask)
    A = as_matrix(X, missing=missing)
    beta = beta_of(beta_loss)
    A, seen = hide_missing(A, check_mask(mask, A.shape, is_learnt=False), missing, is_learnt=False)
    weights = check_sample_weight(weight, A.shape[0])
    v = np.ones(A.shape[0]) if weights is None else weights
    if seen is None:
        counts, sums = np.full(A.shape[1], v.sum()), v @ A
    elif sp.issparse(A):
        counts, sums = (
            v @ sp.csr_array((values, A.indices, A.indptr), shape=A.shape) for values in (seen, A.data * seen)
        )
    else:
        counts, sums = v @ seen, v @ (A * seen)
    means = np.divide(sums, counts, out=np.zeros(A.shape[1]), where=counts > 0)
    data = Data(A, seen, weights)
    of_means = divergence(data, np.ones((A.shape[0], 1), A.dtype), means[None].astype(A.dtype), beta)
    return divergence(data, W, H, beta), of_means, float(counts.sum())
