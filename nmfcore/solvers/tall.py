"""Coordinate descent for tall X: exact rows of W, and a few passes over X that a sample of its rows prepares.

With every row of W solved exactly, the objective is a function f(H) of k x n numbers, and one pass gives its value and
its gradient CH - B with C = W'W, B = W'X. Alternating exact steps would need dozens of passes. A sample of the rows
knows the curvature of f nearly as well as X does, so each step minimises on the sample

    f_sample(H) - <tilt, H>,    tilt = grad f_sample(H_0) - grad f(H_0) m_sample / m,

which has the gradient of f at the current H_0 [1]_, and one pass over X checks the outcome. The error shrinks by the
sampling error each time, a factor of ten to a hundred a pass. Where the outcome is no better, the plain step on H,
which cannot rise, is taken instead.

.. [1] Shamir, Srebro, Zhang, "Communication-efficient distributed optimization using an approximate Newton-type
   method", ICML 2014, arXiv:1312.7853, eq. (13).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmfcore.passes import run_blocks
from nmfcore.penalties import Penalties, l1, l2
from nmfcore.row_blocks import FeatureMajorBlocks
from nmfcore.solvers.row_pass import (
    BLOCK,
    MAX_COMPONENTS,
    MAX_FEATURES,
    fit_sample,
    normalise_rows,
    row_pass,
    step_H,
    sums_length,
)
from nmfcore.validation import feature_major

SAMPLE = 32768
_INNER_PASSES = 40
_LEAST_ROWS = 256


def is_tall(shape: tuple[int, int], k: int) -> bool:
    """Whether the fused pass is made for a matrix of this shape and k components."""
    m, n = shape
    return k <= MAX_COMPONENTS and n <= MAX_FEATURES and m >= _LEAST_ROWS and m >= 4 * n


def sample_index(m: int, size: int, rng: np.random.RandomState) -> NDArray[np.intp]:
    """Return ``size`` of m rows, rising, one at random from each of as many equal stretches."""
    return ((np.arange(size) + rng.random_sample(size)) * (m / size)).astype(np.intp)


def sample_rows(X: Any, size: int, rng: np.random.RandomState) -> NDArray:
    """Return ``size`` columns of the feature-major X (n, m), one at random from each of as many equal stretches."""
    m = X.shape[1]
    return X if size >= m else X.take(sample_index(m, size, rng), axis=1)


def full_pass(
    X: NDArray | FeatureMajorBlocks, H: NDArray, penalties: Penalties, W: NDArray | None, *, warm: bool = False
) -> NDArray[np.float64]:
    """Solve every row of the feature-major X (n, m) for H (k, n), into W (k, m) where given; return the sums.

    warm: W holds the rows solved for an H nearby.
    """
    if isinstance(X, FeatureMajorBlocks):
        return np.concatenate(X.blocks.collect(_sums_of_rows, H, penalties)).sum(axis=0)
    return block_sums(X, H, penalties, W, warm=warm).sum(axis=0)


def _sums_of_rows(rows: NDArray, _: int, H: NDArray, penalties: Penalties) -> NDArray[np.float64]:
    return block_sums(feature_major(rows), H, penalties, None)


def block_sums(
    X: NDArray, H: NDArray, penalties: Penalties, W: NDArray | None, *, warm: bool = False
) -> NDArray[np.float64]:
    """Do the work of `full_pass`; return the sums of each block of rows."""
    k, n = H.shape
    m = X.shape[1]
    n_blocks = -(-m // BLOCK)
    sums = np.empty((n_blocks, sums_length(k, n)))
    target = np.empty((k, 1), X.dtype) if W is None else W
    components = (0,) * k
    narrow = np.ascontiguousarray(H, dtype=X.dtype)

    def solve(first: int, last: int) -> None:
        row_pass(components, X, narrow, penalties.l1_W, penalties.l2_W, target, W is not None, warm, sums, first, last)

    run_blocks(solve, n_blocks)
    return sums


def solve_W(X: NDArray, H: NDArray, penalties: Penalties) -> NDArray:
    """Return W (m, k), column-major, whose rows minimise the objective at H for the feature-major X (n, m)."""
    W = np.empty((H.shape[0], X.shape[1]), X.dtype)
    full_pass(X, H, penalties, W)
    return W.T


class TallCoordinateDescent:
    """The objective as a function of H alone, lowered by steps prepared on a sample of rows.

    Parameters
    ----------
    X : ndarray of shape (n, m)
        Feature-major, C-contiguous, float32 or float64.
    H : ndarray of shape (k, n)
        Where to start.
    penalties : Penalties
    rng : RandomState
        Draws the sample.
    tol : float
        As in `stopping.smallest_decrease`.
    sample_size : int
        How many rows the steps are prepared on.
    """

    X: Any

    def __init__(
        self,
        X: NDArray | FeatureMajorBlocks,
        H: NDArray,
        penalties: Penalties,
        rng: np.random.RandomState,
        *,
        reference: float,
        tol: float,
        sample_size: int = SAMPLE,
    ) -> None:
        self.X = X
        self.penalties = penalties
        self._sample = sample_rows(X, sample_size, rng)
        self._share = self._sample.shape[1] / X.shape[1]
        self._weights = _weights(penalties, self._share)
        self._worth = 0.1 * (2.0 * np.sqrt(reference) * max(tol, 1e-7) / 100.0) * self._share
        self._balanced = penalties.none
        start = np.array(H, np.float64)
        if self._balanced:
            normalise_rows(start)
        self.H = start.astype(X.dtype)
        # What the last pass over X wrote, and whether it belongs to H.
        self._W: NDArray | None = None
        self._is_current = False
        self._sums = self._pass(X, self.H)
        self.loss = self._value(self.H, self._sums)

    @property
    def distance(self) -> float:
        """The loss without the penalties."""
        return 0.5 * float(self._sums[0])

    def step(self) -> float | None:
        """Minimise the tilted objective of the sample, and check the outcome with one pass over X."""
        candidate, expected = self._step_on_sample()
        if self._accept(candidate) or self._accept(self._plain_step()):
            return expected
        return None

    def factors(self) -> tuple[NDArray, NDArray]:
        """Return copies of W (m, k) and H (k, n)."""
        W = self._W.T.copy(order="F") if self._W is not None and self._is_current else self._solve_W()
        return W, self.H.copy()

    def residual(self) -> float:
        """Return the KKT residual: |projected gradient| |H|; that of W is 0."""
        B, C = unpack(self._sums, *self.H.shape)
        H = self.H.astype(np.float64)
        gradient = C @ H - B + self.penalties.l1_H + self.penalties.l2_H * H
        projected = np.where(H > 0, gradient, np.minimum(gradient, 0.0))
        return float(np.linalg.norm(projected) * np.linalg.norm(H))

    def finish(self) -> tuple[NDArray, NDArray]:
        """Return W (m, k) and H (k, n)."""
        return self._W.T if self._W is not None and self._is_current else self._solve_W(), self.H

    def _solve_W(self) -> NDArray:
        return solve_W(self.X, self.H, self.penalties)

    def _pass(self, X: Any, H: NDArray, W: NDArray | None = None) -> NDArray[np.float64]:
        return full_pass(X, H, self.penalties, W)

    def _pass_for_W(self, H: NDArray) -> NDArray[np.float64]:
        warm = self._W is not None
        if self._W is None:
            self._W = np.empty((len(H), self.X.shape[1]), self.X.dtype)
        return full_pass(self.X, H, self.penalties, self._W, warm=warm)

    def _value(self, H: NDArray, sums: NDArray[np.float64]) -> float:
        return value_of(H, sums, self.penalties)

    def _accept(self, H: NDArray) -> bool:
        sums = self._pass_for_W(H)
        loss = self._value(H, sums)
        self._is_current = loss < self.loss
        if not self._is_current:
            return False
        self.H, self._sums, self.loss = H, sums, loss
        return True

    def _plain_step(self) -> NDArray:
        B, C = unpack(self._sums, *self.H.shape)
        H = self.H.astype(np.float64)
        self._solve_H(H, B, C, self.penalties.l1_H, self.penalties.l2_H)
        if self._balanced:
            normalise_rows(H)
        return H.astype(self.X.dtype)

    def _solve_H(self, H: NDArray, B: NDArray, C: NDArray, l1: float, l2: float) -> None:
        step_H(H, B, C, l1, l2)

    def _step_on_sample(self) -> tuple[NDArray, float]:
        k, n = self.H.shape
        start = self.H.astype(np.float64)
        tilt = np.zeros((k, n))
        if self._share < 1.0:
            B, C = unpack(self._sums, k, n)
            B_sample, C_sample = self._sample_gradient_parts(start)
            tilt = (C_sample @ start - B_sample) - (C @ start - B) * self._share
            if self._balanced:
                # The objective does not change along a row of H, so neither may the tilt.
                tilt -= np.sum(tilt * start, axis=1, keepdims=True) * start
        H, before, after, _ = self._minimise(start, tilt, self._worth * np.sqrt(max(self.loss, 0.0)), _INNER_PASSES)
        return H.astype(self.X.dtype), (before - after) / self._share

    def _sample_gradient_parts(self, H: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        sums = self._pass(self._sample, H.astype(self.X.dtype))
        return unpack(sums, *H.shape)

    def _minimise(self, start: NDArray, tilt: NDArray, worth: float, passes: int) -> tuple[NDArray, float, float, int]:
        H = start.copy()
        before, after, used = fit_sample(
            (0,) * H.shape[0], self._sample, H, self._weights, tilt, self._balanced, worth, passes
        )
        return H, before, after, used


def fit_on_sample(X: NDArray, H: NDArray, penalties: Penalties, rng: np.random.RandomState, size: int) -> NDArray:
    """Return H (k, n) lowered on ``size`` sampled rows of the feature-major X (n, m), by exact steps from H."""
    sample = sample_rows(X, size, rng)
    reference = 0.5 * float(np.einsum("ij,ij->", sample, sample, dtype=np.float64))
    H = np.array(H, np.float64)
    if penalties.none:
        normalise_rows(H)
    weights = _weights(penalties, sample.shape[1] / X.shape[1])
    fit_sample((0,) * H.shape[0], sample, H, weights, np.zeros_like(H), penalties.none, 1e-6 * reference, 100)
    return H.astype(X.dtype)


def _weights(penalties: Penalties, share: float) -> tuple[float, float, float, float]:
    """Return (l1_W, l2_W, l1_H, l2_H) of the objective of a sample: a penalty on H counts by its share of the rows."""
    return penalties.l1_W, penalties.l2_W, penalties.l1_H * share, penalties.l2_H * share


def value_of(H: NDArray, sums: NDArray[np.float64], penalties: Penalties) -> float:
    """Return the objective at H (k, n) and the exact rows of W that the sums belong to."""
    k, n = H.shape
    _, C = unpack(sums, k, n)
    return float(
        0.5 * sums[0]
        + penalties.l1_W * sums[-k:].sum()
        + 0.5 * penalties.l2_W * np.trace(C)
        + l1.value(H, penalties.l1_H)
        + l2.value(H, penalties.l2_H)
    )


def unpack(sums: NDArray[np.float64], k: int, n: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return W'X (k, n) and W'W (k, k) of the sums of a pass."""
    B = sums[1 : 1 + k * n].reshape(k, n)
    C = np.zeros((k, k))
    C[np.tril_indices(k)] = sums[1 + k * n : 1 + k * n + k * (k + 1) // 2]
    return B, C + np.tril(C, -1).T
