"""What every loss must satisfy, on every kind of data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import DTypeLike, NDArray

from nmfcore.checks.cases import agreement, make_data, require, slopes
from nmfcore.data import Data, Rows
from nmfcore.validation import hide_missing

_SHAPE = (7, 5)
_COMPONENTS = 3
# Central differences in float64 have about ten digits.
_SLOPE = 1e-6


def check_loss(
    value: Callable[[Rows, NDArray[Any], NDArray[Any]], float],
    gradient_parts: Callable[[Rows, NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]],
    divergence: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    *,
    dtype: DTypeLike = np.float64,
    positive: bool = False,
) -> None:
    """Check that a loss is the sum of a divergence over the entries, and that its gradient is the gradient.

    Checked on small random problems, dense, weighted and masked, and sparse:

    1. the divergence is 0 where x = y and nowhere negative;
    2. ``value(rows, F, C)`` is the sum of weight * divergence(x, y) over the entries that count, y = FC;
    3. ``num, den = gradient_parts(rows, F, C)``: both of F's shape, in its dtype or float64, and non-negative, as
       multiplicative updates need them;
    4. ``den - num`` is the gradient of that sum with respect to F, by central differences.

    value(rows, F, C) is a number and gradient_parts(rows, F, C) a pair of (m, k), for F (m, k) and C (k, n); divergence
    (x, y) is the obvious formula, in float64, for arrays with y > 0. positive: the loss is for data without zeros only.
    """
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 50)) + 0.1
    require(np.allclose(divergence(x, x), 0, atol=1e-12), "divergence: d(x, x) is not 0.")
    require((divergence(x, y) >= 0).all(), "divergence: d(x, y) is negative somewhere.")
    for name, data, weights in _cases(np.dtype(dtype), rng, positive):
        for rows, W in ((data.rows, weights), (data.columns, weights.T)):
            F = (rng.random((rows.shape[0], _COMPONENTS)) + 0.1).astype(dtype)
            C = (rng.random((_COMPONENTS, rows.shape[1])) + 0.1).astype(dtype)
            _check_rows(value, gradient_parts, divergence, rows, W, F, C, name)


def _cases(
    dtype: np.dtype, rng: np.random.Generator, positive: bool
) -> Iterator[tuple[str, Data, NDArray[np.float64]]]:
    X = make_data("sparse", _SHAPE, rng, positive=positive).astype(dtype)
    ones = np.ones(_SHAPE)
    yield f"dense {dtype.name}", Data(X), ones
    mask = rng.random(_SHAPE) < 0.7
    sample_weight = rng.random(_SHAPE[0]) + 0.5
    of_rows = np.broadcast_to(sample_weight.astype(dtype)[:, None].astype(np.float64), _SHAPE)
    yield f"masked and weighted {dtype.name}", Data(X, mask, sample_weight), mask * of_rows
    yield f"sparse {dtype.name}", Data(_canonical(X)), ones
    yield f"sparse and weighted {dtype.name}", Data(_canonical(X), sample_weight=sample_weight), of_rows
    stored = sp.csr_array((rng.random(_SHAPE) < 0.7) * (rng.random(_SHAPE) + 0.5).astype(dtype))
    yield f"sparse and known in part {dtype.name}", Data(*hide_missing(X, stored, "error")), stored.toarray()


def _canonical(X: NDArray[Any]) -> sp.csr_array:
    S = sp.csr_array(X)
    S.indptr, S.indices = S.indptr.astype(np.int64), S.indices.astype(np.int32)
    return S


def _check_rows(
    value: Any, gradient_parts: Any, divergence: Any, rows: Rows, weights: NDArray, F: NDArray, C: NDArray, name: str
) -> None:
    X = (rows.dense if rows.sparse is None else rows.sparse.toarray()).astype(np.float64)  # pyright: ignore
    X = np.where(weights > 0.0, X, 1.0)
    wide = C.astype(np.float64)

    def total(G: NDArray[np.float64]) -> float:
        return float(np.sum(weights * divergence(X, G @ wide)))

    expected, found = total(F.astype(np.float64)), value(rows, F, C)
    require(
        abs(found - expected) <= agreement(F.dtype) * abs(expected),
        f"value: {found!r} instead of {expected!r} for {name} data.",
    )
    num, den = gradient_parts(rows, F, C)
    for part, label in ((num, "num"), (den, "den")):
        require(
            part.shape == F.shape and part.dtype in (F.dtype, np.float64),
            f"gradient_parts: {label} is {part.dtype} {part.shape}, F is {F.dtype} {F.shape} for {name} data.",
        )
        require((part >= 0).all(), f"gradient_parts: {label} is negative, {part.min()}, for {name} data.")
    difference = np.abs(den.astype(np.float64) - num - slopes(total, F.astype(np.float64))).max()
    scale = float(np.abs(num).max() + np.abs(den).max())
    require(
        difference <= (agreement(F.dtype) + _SLOPE) * scale,
        f"gradient_parts: den - num is not the gradient: off by {difference:.3g} of {scale:.3g} for {name} data.",
    )
