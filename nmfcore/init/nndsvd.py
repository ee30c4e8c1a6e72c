"""Non-negative double singular value decomposition [1]_: the dominant sign pattern of each singular pair.

.. [1] Boutsidis, Gallopoulos, "SVD based initialization: a head start for nonnegative matrix factorization",
   Pattern Recognition 41(4), 2008, doi:10.1016/j.patcog.2007.09.010.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import eigh
from sklearn.utils.extmath import randomized_svd

from nmfcore.init.random import weighted_mean
from nmfcore.passes import BLAS_ALONE

_SMALL = 128
_SHORT = 256
_NEGLIGIBLE = 1e-6
# Above the noise of singular values that come from a Gram matrix.
_NO_VALUE = 1e-6


def initialise(
    X: NDArray,
    k: int,
    rng: np.random.RandomState,
    weight: NDArray,
    approximation: tuple[NDArray, NDArray] | None = None,
) -> tuple[NDArray, NDArray]:
    """Return W (m, k) and H (k, n), zeros and all, for X (m, n), rows counted by weight (m,).

    approximation: Q (m, l), orthonormal, and B (l, n) with X close to QB, from which the singular pairs are taken.

    Components beyond the rank of X, which no singular pair speaks for, start with random H and no W.
    """
    root = np.sqrt(weight, dtype=np.float64)
    if approximation is None:
        U, S, Vt = _leading_triplets(X if (weight == 1).all() else X * root[:, None], k, rng)
    else:
        Q, B = approximation
        U, S, Vt = _thin_svd(B.astype(np.float64), k)
        U = Q @ U
    W, H = np.zeros((X.shape[0], k)), np.zeros((k, X.shape[1]))
    rank = int(np.sum(S > _NO_VALUE * S[0]))
    H[rank:] = np.sqrt(weighted_mean(X, weight) / k) * np.abs(rng.standard_normal((k - rank, X.shape[1])))
    for t in range(rank):
        u, v = U[:, t], Vt[t]
        if t == 0:
            # The leading pair has one sign throughout.
            W[:, 0], H[0] = np.sqrt(S[0]) * np.abs(u), np.sqrt(S[0]) * np.abs(v)
            continue
        sides = [(np.maximum(u, 0), np.maximum(v, 0)), (np.maximum(-u, 0), np.maximum(-v, 0))]
        weights = [float(np.linalg.norm(a) * np.linalg.norm(b)) for a, b in sides]
        best = int(weights[1] >= weights[0])
        if weights[best] > 0:
            a, b = sides[best]
            scale = np.sqrt(S[t] * weights[best])
            W[:, t], H[t] = scale * a / np.linalg.norm(a), scale * b / np.linalg.norm(b)
    W = np.divide(W, root[:, None], out=np.zeros_like(W), where=root[:, None] > 0)
    W[W < _NEGLIGIBLE * W.max(initial=0.0)] = 0
    H[H < _NEGLIGIBLE * H.max(initial=0.0)] = 0
    return W.astype(X.dtype), H.astype(X.dtype)


def initialise_mean(
    X: NDArray,
    k: int,
    rng: np.random.RandomState,
    weight: NDArray,
    approximation: tuple[NDArray, NDArray] | None = None,
) -> tuple[NDArray, NDArray]:
    """Return the same with zeros filled by the mean of X."""
    W, H = initialise(X, k, rng, weight, approximation)
    mean = X.dtype.type(weighted_mean(X, weight))
    W[W == 0], H[H == 0] = mean, mean
    return W, H


def initialise_noise(
    X: NDArray,
    k: int,
    rng: np.random.RandomState,
    weight: NDArray,
    approximation: tuple[NDArray, NDArray] | None = None,
) -> tuple[NDArray, NDArray]:
    """Return the same with zeros filled by small random values, a hundredth of the mean of X."""
    W, H = initialise(X, k, rng, weight, approximation)
    mean = weighted_mean(X, weight)
    for F in (W, H):
        zero = F == 0
        F[zero] = np.abs(mean * rng.standard_normal(int(zero.sum())) / 100)
    return W, H


def _leading_triplets(X: Any, k: int, rng: np.random.RandomState) -> tuple[NDArray, NDArray, NDArray]:
    m, n = X.shape
    # The library's own threads would split sums by their number, and the start would depend on it.
    with BLAS_ALONE:
        if min(m, n) > _SHORT:
            return randomized_svd(X, min(k, m, n), random_state=rng)
        A = X.astype(np.float64)
        if not sp.issparse(A) and max(m, n) <= 4 * _SMALL:
            U, S, Vt = np.linalg.svd(A, full_matrices=False)
            return U[:, :k], S[:k], Vt[:k]
        return _thin_svd(A, k)


def _thin_svd(A: Any, k: int) -> tuple[NDArray, NDArray, NDArray]:
    """Return the k leading triplets of a matrix with one short side, by eigenvectors of the small Gram matrix."""
    if A.shape[0] < A.shape[1]:
        U, S, Vt = _thin_svd(A.T, k)
        return Vt.T, S, U.T
    gram = A.T @ A
    n = A.shape[1]
    values, V = eigh(gram.toarray() if sp.issparse(gram) else gram, subset_by_index=(max(n - k, 0), n - 1))
    S, V = np.sqrt(np.maximum(values[::-1], 0.0)), V[:, ::-1]
    U = A @ V
    U /= np.where(S > 0, S, 1.0)
    return U, S, V.T
