"""Small problems on which formulas break, and what their comparison tolerates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

DATA = ("uniform", "low rank", "sparse", "zero rows and columns", "constant")
# The last one is tall: factorised by passes over the rows, where the problem allows it.
SHAPES = ((12, 8, 3), (5, 4, 6), (300, 6, 3))
STARTS = ("uniform", "tiny", "huge", "unbalanced", "rank-deficient", "zero rows and columns", "checkerboard")

# By how much, relatively, rounding may raise an objective.
_RISE = {"float32": 1e-5, "float64": 1e-9}


def require(condition: object, message: str) -> None:
    """Raise an AssertionError with the message unless the condition holds; unlike assert, under -O too."""
    if not condition:
        raise AssertionError(message)


def largest_rise(dtype: np.dtype) -> float:
    """Return what rounding in this dtype may do to an objective, relatively."""
    return _RISE[dtype.name]


def agreement(dtype: np.dtype) -> float:
    """Return the relative difference that two ways of summing in this dtype may have."""
    return 64 * float(np.finfo(dtype).eps) + 1e-9


def make_data(kind: str, shape: tuple[int, int], rng: np.random.Generator, *, positive: bool) -> NDArray[np.float64]:
    """Return a non-negative matrix of a kind of DATA."""
    m, n = shape
    X = rng.random(shape)
    if kind == "low rank":
        X = rng.random((m, 2)) @ rng.random((2, n))
    elif kind == "sparse":
        X *= rng.random(shape) < 0.3
        X[-1, -1] = 0.5
    elif kind == "zero rows and columns":
        X[::3], X[:, 0] = 0, 0
    elif kind == "constant":
        X[:] = 0.7
    return X + 0.01 if positive else X


def make_start(
    kind: str, X: NDArray[Any], k: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return W (m, k) and H (k, n) of a kind of STARTS, neither all zero."""
    W, H = rng.random((X.shape[0], k)), rng.random((k, X.shape[1]))
    if kind == "rank-deficient":
        W[:, -1], H[:] = W[:, 0], H[0]
    elif kind == "zero rows and columns":
        W[1::2], H[:, 1::2], W[:, 1:2], H[1:2] = 0, 0, 0, 0
    elif kind == "checkerboard":
        W[np.indices(W.shape).sum(axis=0) % 2 == 1] = 0
        H[np.indices(H.shape).sum(axis=0) % 2 == 1] = 0
    scale = {"tiny": (1e-6, 1e-6), "huge": (1e6, 1e6), "unbalanced": (1e5, 1e-5)}.get(kind, (1.0, 1.0))
    return W * scale[0], H * scale[1]


def problems(
    shapes: tuple[tuple[int, int, int], ...], dtype: np.dtype, rng: np.random.Generator, *, positive: bool
) -> Iterator[tuple[str, NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Yield a name, X, W and H for every shape (m, n, k), kind of data and kind of start."""
    for m, n, k in shapes:
        for data in DATA:
            X = make_data(data, (m, n), rng, positive=positive)
            for start in STARTS:
                W, H = make_start(start, X, k, rng)
                name = f"{data} data ({m}, {n}), {k} components, {start} start, {dtype.name}"
                yield name, X.astype(dtype), W.astype(dtype), H.astype(dtype)


def slopes(function: Callable[[NDArray[np.float64]], float], F: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the gradient of a function at F by central differences."""
    gradient = np.empty_like(F)
    for index in np.ndindex(F.shape):
        ahead, back = F.copy(), F.copy()
        step = 1e-5 * max(1.0, abs(F[index]))
        ahead[index] += step
        back[index] -= step
        gradient[index] = (function(ahead) - function(back)) / (2 * step)
    return gradient
