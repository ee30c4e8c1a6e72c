"""Matrices and starts that a factorization meets: ordinary ones, and those that break formulas."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

KINDS = ("uniform", "low rank", "sparse", "duplicated", "zero rows and columns", "constant")
STARTS = ("uniform", "tiny", "huge", "rank-deficient", "zero rows and columns", "checkerboard")
LAYOUTS = ("C", "F", "strided", "read-only", "read-only F", "reversed")


def make_data(kind: str, m: int, n: int, seed: int = 0) -> NDArray[np.float64]:
    """Return a non-negative float64 matrix (m, n)."""
    rng = np.random.default_rng(seed)
    X = rng.random((m, n))
    if kind == "low rank":
        X = rng.random((m, 2)) @ rng.random((2, n)) + 1e-3 * X
    elif kind == "sparse":
        X *= rng.random((m, n)) < 0.3
    elif kind == "duplicated":
        X = X[np.arange(m) // 3]
    elif kind == "zero rows and columns":
        X[::3] = 0
        X[:, 0] = 0
    elif kind == "constant":
        X[:] = 0.7
    return X


def make_start(kind: str, X: NDArray, k: int, seed: int = 0) -> tuple[NDArray, NDArray]:
    """Return W0 (m, k) and H0 (k, n) in X's dtype, neither all zero."""
    rng = np.random.default_rng(seed)
    W, H = rng.random((X.shape[0], k)), rng.random((k, X.shape[1]))
    if kind == "rank-deficient":
        W[:, -1], H[:] = W[:, 0], H[0]
    elif kind == "zero rows and columns":
        W[1::2], H[:, 1::2], W[:, 1:2], H[1:2] = 0, 0, 0, 0
    elif kind == "checkerboard":
        W[np.indices(W.shape).sum(axis=0) % 2 == 1] = 0
        H[np.indices(H.shape).sum(axis=0) % 2 == 1] = 0
    scale = np.sqrt(float(X.mean(dtype=np.float64)) or 1.0) * {"tiny": 1e-6, "huge": 1e6}.get(kind, 1.0)
    return (W * scale).astype(X.dtype), (H * scale).astype(X.dtype)


def divergence(X, Y, beta):
    """Return d_beta(x | y) of every entry, from its definition."""
    if beta == 2:
        return 0.5 * (X - Y) ** 2
    if beta == 1:
        return np.where(X > 0, X * np.log(np.where(X > 0, X, 1) / Y), 0) - X + Y
    if beta == 0:
        return X / Y - np.log(X / Y) - 1
    return (X**beta + (beta - 1) * Y**beta - beta * X * Y ** (beta - 1)) / (beta * (beta - 1))


def lay_out(X: NDArray, layout: str) -> NDArray:
    """Return the same values in another arrangement of memory."""
    if layout == "strided":
        padded = np.full((2 * X.shape[0], 3 * X.shape[1]), np.nan, X.dtype)
        padded[::2, ::3] = X
        return padded[::2, ::3]
    if layout == "reversed":
        return np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1]
    out = np.array(X, order="F" if layout.endswith("F") else "C")
    out.flags.writeable = not layout.startswith("read-only")
    return out


@st.composite
def matrices(draw, m: st.SearchStrategy[int], n: st.SearchStrategy[int]) -> NDArray:
    """Matrices of any kind, dtype, layout and an ordinary scale, with at least one entry that is not zero."""
    X = make_data(draw(st.sampled_from(KINDS)), draw(m), draw(n), draw(st.integers(0, 2**16)))
    X[-1, -1] += 0.5
    X *= draw(st.sampled_from([1.0, 1e-6, 1e6]))
    return lay_out(X.astype(draw(st.sampled_from([np.float32, np.float64]))), draw(st.sampled_from(LAYOUTS)))


@st.composite
def penalties(draw) -> dict:
    """Parameters of the penalties, none of them included."""
    return {
        "alpha_W": draw(st.sampled_from([0.0, 1e-3, 0.1, 10.0])),
        "alpha_H": draw(st.sampled_from(["same", 0.0, 1e-3, 0.1])),
        "l1_ratio": draw(st.sampled_from([0.0, 0.5, 1.0])),
    }
