"""A start for the Frobenius loss: the init, improved on a low-rank approximation of X.

X is replaced by QB, with Q (m, l) an orthonormal basis of the range of X times a few random vectors, improved by one
power step [1]_, and coordinate descent with extrapolation runs on that [2]_. There an iteration costs l (m + n) k
multiplications in place of m n k: hundreds of them take the time of a few on X. What follows on X has only
what lies outside the basis left to mend.

.. [1] Halko, Martinsson, Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011, doi:10.1137/090771806.
.. [2] Erichson, Mendible, Wihlborn, Kutz, "Randomized nonnegative matrix factorization", Pattern Recognition Letters
   104, 2018, doi:10.1016/j.patrec.2018.01.007, arXiv:1711.02037.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import eigh

from nmfcore._jit import inlined, kernel
from nmfcore.data import Data, Rows
from nmfcore.init import INITS
from nmfcore.solvers.products import product

_OVERSAMPLING = 5
_SWEEPS = 2
# So many steps settle where the init points to; extrapolated from the first on, they come to poorer minima more often.
_PLAIN = 10
_MAX_ITER = 200
# The mean decrease of |QB - WH| / |X| over so many iterations that ends the start: half of what ends a fit by default.
_WORTH, _SPAN = 5e-6, 5
_LANES = 256
# Entries of X from which single precision pays.
_LARGE = 1 << 16
_DEPENDENT = 1e-13


@inlined
def _sweep(F, gram, linear, slope):
    """Sweep F (k, m) in place: 1/2 <F, gram F> - <linear, F> falls, component by component, in blocks of lanes."""
    k, m = F.shape
    zero = F.dtype.type(0)
    for start in range(0, m, _LANES):
        count = min(_LANES, m - start)
        for _ in range(_SWEEPS):
            for t in range(k):
                curvature = gram[t, t]
                if curvature <= zero:
                    continue
                for i in range(count):
                    slope[i] = linear[t, start + i]
                u = 0
                while u + 4 <= k:
                    a, b, c, d = gram[t, u], gram[t, u + 1], gram[t, u + 2], gram[t, u + 3]
                    A, B, C, D = F[u, start:], F[u + 1, start:], F[u + 2, start:], F[u + 3, start:]
                    for i in range(count):
                        slope[i] -= a * A[i] + b * B[i] + c * C[i] + d * D[i]
                    u += 4
                while u < k:
                    a = gram[t, u]
                    A = F[u, start:]
                    for i in range(count):
                        slope[i] -= a * A[i]
                    u += 1
                inverse = F.dtype.type(1) / curvature
                A = F[t, start:]
                for i in range(count):
                    value = A[i] + slope[i] * inverse
                    A[i] = value if value > zero else zero


@inlined
def _lower(B, Qt, W, H, square_norm, slope):
    """Sweep W (k, m), then H (k, n), in place, for X = Q B; return |X - WH| / |X|."""
    F, C, near, far = W, H, Qt, B
    # Both by the same lines: a second copy would take as long to compile again.
    for _ in range(2):
        gram = C @ C.T
        linear = (C @ far.T) @ near
        _sweep(F, gram, linear, slope)
        F, C, near, far = C, F, far, near
    square = square_norm
    inner = H @ H.T
    for t in range(len(H)):
        for u in range(len(H)):
            square += np.float64(gram[t, u]) * inner[t, u]
        for j in range(H.shape[1]):
            square -= 2.0 * np.float64(linear[t, j]) * H[t, j]
    return np.sqrt(max(square, 0.0) / square_norm)


@kernel
def _descend(B, Qt, W, H, square_norm):
    """Return W (k, m) and H (k, n) after extrapolated steps on Q B, until they are no longer worth it."""
    slope = np.empty(_LANES, W.dtype)
    errors = np.empty(_MAX_ITER)
    last_W, last_H, weight = W, H, 0.5
    step, is_plain = 0, True
    while step < _MAX_ITER:
        w = W.dtype.type(0.0 if is_plain else weight)
        new_W = np.maximum(W + w * (W - last_W), W.dtype.type(0))
        new_H = np.maximum(H + w * (H - last_H), W.dtype.type(0))
        error = _lower(B, Qt, new_W, new_H, square_norm, slope)
        if step > 0 and not error < errors[step - 1]:
            if is_plain:
                break
            weight *= 0.5
            is_plain = True
            continue
        if not is_plain:
            weight = min(1.0, 1.05 * weight)
        last_W, last_H, W, H = W, H, new_W, new_H
        errors[step] = error
        if step >= _SPAN and errors[step - _SPAN] - error <= _SPAN * _WORTH:
            break
        step += 1
        is_plain = step < _PLAIN
    return W, H


def is_suited(data: Data, k: int, beta: float) -> bool:
    """Say whether the problem is the Frobenius loss of more than one component, with no entry missing."""
    return beta == 2.0 and not data.is_masked and 1 < k < min(data.shape)


def start(data: Data, k: int, init: str, reference: float, rng: np.random.RandomState) -> tuple[NDArray, NDArray]:
    """Return W (m, k) and H (k, n): those of the init, improved on a low-rank approximation of X.

    reference: the loss of W = 0.
    """
    weight = data.rows.row_weight
    root = np.sqrt(weight)[:, None]
    rows, columns = _weighted(data, root)
    if 2 * basis_size(k, data.shape) < min(data.shape):
        approximation = Q, B = basis(rows, columns, k, rng)
    else:
        # A basis half as wide as X saves nothing: X is the product of itself and the identity.
        approximation, (Q, B) = None, _itself(rows)
    W, H = INITS[init](data.canonical, k, rng, weight, approximation)
    # One layout for all, or the loop is compiled for each.
    W, H, Qt, B = (np.array(F, rows.dtype, order="C") for F in ((W * root).T, H, Q.T, B))
    W, H = _descend(B, Qt, W, H, 2.0 * reference)
    W = np.divide(W.T, root, out=np.zeros(W.T.shape, data.dtype), where=root > 0)
    return W, H.astype(data.dtype)


def _weighted(data: Data, root: NDArray) -> tuple[Rows, Rows]:
    """Return rows and columns of X times the roots of the weights of its rows.

    Single precision where X is large, else double.
    """
    X: Any = data.canonical
    dtype = np.float32 if (X.nnz if data.is_sparse else X.size) >= _LARGE else np.float64
    if data.is_weighted:
        X = sp.csr_array(X.multiply(root)) if data.is_sparse else X * root
    scaled = Data(X.astype(dtype, copy=False))
    return scaled.rows, scaled.columns


def _itself(rows: Rows) -> tuple[Any, Any]:
    """Return Q and B whose product is X, the longer side of X in neither twice."""
    X = rows.array if rows.sparse is None else rows.sparse.toarray()
    m, n = X.shape
    return (X, np.eye(n)) if m >= n else (np.eye(m), X)


def basis_size(k: int, shape: tuple[int, int]) -> int:
    """Return how many columns the basis has for k components."""
    return min(2 * k + _OVERSAMPLING, *shape)


def basis(rows: Rows, columns: Rows, k: int, rng: np.random.RandomState) -> tuple[NDArray, NDArray]:
    """Return Q (m, size), orthonormal, and B = Q'X (size, n), so that X is close to QB, for k components."""
    size = basis_size(k, rows.shape)
    sample = rng.standard_normal((columns.shape[0], size)).astype(rows.dtype)
    sample = _orthonormal(product(rows, sample))
    sample = _orthonormal(product(columns, sample))
    Q = _orthonormal(_orthonormal(product(rows, sample)))
    return Q, product(columns, Q).T


def _orthonormal(A: NDArray) -> NDArray:
    """Return a basis of the range of A (m, l), but for what of it is below rounding; twice, it is orthonormal."""
    wide = A.astype(np.float64)
    values, V = eigh(wide.T @ wide)
    seen = values > _DEPENDENT * values[-1]
    return (wide @ (V[:, seen] / np.sqrt(values[seen]))).astype(A.dtype)
