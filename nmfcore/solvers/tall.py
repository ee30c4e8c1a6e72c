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

from nmfcore.data import Data
from nmfcore.iterate import Lowest
from nmfcore.passes import run_blocks
from nmfcore.penalties import Penalties
from nmfcore.row_blocks import FeatureMajorBlocks
from nmfcore.solvers._lanes import MAX_ENUMERATED
from nmfcore.solvers.least_squares import is_well_conditioned, solve_rows
from nmfcore.solvers.row_pass import (
    FEW_FEATURES,
    MAX_COMPONENTS,
    MAX_FEATURES,
    block_length,
    normalise_rows,
    row_pass,
    step_H,
    sums_length,
)
from nmfcore.solvers.sample_descent import lower_on_sample, unpack, value_of
from nmfcore.stopping import smallest_decrease
from nmfcore.validation import PATTERNS, feature_major, top_value

SAMPLE = 32768
# The init sees these rows; a first fit, as many or, of rows with many columns, fewer.
FIRST_SAMPLE, FIRST_SAMPLE_OF_MANY = 4096, 1024
_INNER_PASSES = 40
# A sample is not followed farther, however far X is to be.
_LEAST_TOL = 1e-9
_LEAST_ROWS = 256
# Fewer blocks to a thread are solved sooner than another thread wakes.
_LEAST_CHEAP_BLOCKS, _LEAST_BLOCKS = 4, 2


def is_tall(shape: tuple[int, int], k: int) -> bool:
    """Whether the fused pass is made for a matrix of this shape and k components."""
    m, n = shape
    return k <= MAX_COMPONENTS and n <= MAX_FEATURES and m >= _LEAST_ROWS and m >= 4 * n


def solves_rows(H: NDArray, penalties: Penalties, dtype: np.dtype) -> bool:
    """Whether rows in a dtype are solved for H (k, n) by the fused pass: however many they are, none knows another."""
    k, n = H.shape
    return (
        k <= MAX_COMPONENTS
        and n <= MAX_FEATURES
        and penalties.are_shrinkage
        and is_well_conditioned(H, penalties.shrinkage("W")[1], dtype)
    )


def suits(data: Data, k: int, penalties: Penalties, beta: float) -> bool:
    """Whether the fused pass solves the rows of W: the one question of all who might take it."""
    return beta == 2.0 and data.is_plain and not data.is_sparse and is_tall(data.shape, k) and penalties.are_shrinkage


def sample_size(shape: tuple[int, int]) -> int:
    """Return how many rows of X (m, n) the steps are prepared on: of many columns a sample of rows knows too little."""
    m, n = shape
    return SAMPLE if n <= FEW_FEATURES else m


def first_sample_size(n: int) -> int:
    """Return how many rows of n columns the first fit takes."""
    return FIRST_SAMPLE if n <= FEW_FEATURES else FIRST_SAMPLE_OF_MANY


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
    sums = np.empty((_count_blocks(X.shape[1], n), sums_length(k, n)))
    tops = np.empty(0, PATTERNS[X.dtype])
    _run(X, False, H, penalties, W, warm, sums, tops)
    return sums


def _count_blocks(m: int, n: int) -> int:
    return -(-m // block_length(n))


def _run(
    X: NDArray,
    is_by_row: bool,
    H: NDArray,
    penalties: Penalties,
    W: NDArray | None,
    warm: bool,
    sums: NDArray[np.float64],
    tops: NDArray[Any],
) -> None:
    """Run `row_pass` over all blocks of X, those that ``sums`` counts, on every thread."""
    k, n = H.shape
    components, length = (0,) * k, block_length(n)
    narrow = np.ascontiguousarray(H, dtype=X.dtype)
    l1, l2 = penalties.shrinkage("W")
    is_kept = W is not None
    target = W if W is not None else np.empty((k, 1), X.dtype)

    def solve(first: int, last: int) -> None:
        row_pass(components, X, is_by_row, narrow, l1, l2, target, is_kept, warm, sums, tops, length, first, last)

    is_cheap = k <= MAX_ENUMERATED and n <= FEW_FEATURES
    run_blocks(solve, len(sums), least=_LEAST_CHEAP_BLOCKS if is_cheap else _LEAST_BLOCKS)


def solve_unseen(X: NDArray, H: NDArray, penalties: Penalties) -> tuple[NDArray, float]:
    """Solve every row of X (m, n) for H (k, n) before anything is known of its entries, in one reading.

    Returns
    -------
    W : ndarray of shape (m, k)
        Column-major, worth something where the next is finite.
    largest : float
        Largest entry of X; NaN where one is negative (be it -0) or not finite.
    """
    m, n = X.shape
    by_row = not X.T.flags.c_contiguous
    source = np.require(X, requirements=["C", "W"]) if by_row else np.require(X.T, requirements=["C", "W"])
    W = np.empty((len(H), m), X.dtype)
    tops = np.empty(_count_blocks(m, n), PATTERNS[X.dtype])
    _run(source, by_row, H, penalties, W, False, np.empty((len(tops), 0)), tops)
    return W.T, top_value(tops, X.dtype)


def solve_W(X: NDArray, H: NDArray, penalties: Penalties) -> NDArray:
    """Return W (m, k), whose rows minimise the objective at H for the feature-major X (n, m)."""
    if not solves_rows(H, penalties, X.dtype):
        return solve_rows(Data(X.T).rows, H, penalties.terms("W", np.empty((X.shape[1], len(H)), X.dtype), H))
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
        How many rows the steps are prepared on; all, where that is as many or more.
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
        sample_size: int,
    ) -> None:
        self.X = X
        self.penalties = penalties
        self._reference = reference
        self._sample = sample_rows(X, sample_size, rng)
        self._share = self._sample.shape[1] / X.shape[1]
        self._weights = penalties.of_sample(self._share)
        self._tol = tol
        self._balanced = penalties.none
        # Without a tolerance nobody asks.
        self._looks_ahead = tol > 0
        self._prepared: tuple[NDArray, float, float] | None = None
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
        """Minimise the tilted objective of the sample, and check the outcome with one pass over X.

        What the next step would bring is known from the sample alone, before that pass.
        """
        candidate, expected, n_updates = self._prepared or self._step_on_sample()
        before = self.loss
        if not (self._accept(candidate) or self._accept(self._plain_step())):
            return None
        # The sample is believed as far as it has just been right.
        belief = min(1.0, (before - self.loss) / expected) if expected > 0.0 else 0.0
        if self._looks_ahead:
            self._prepared = _, expected, n_updates = self._step_on_sample()
        return belief * expected / n_updates

    def factors(self) -> tuple[NDArray, NDArray]:
        """Return copies of W (m, k) and H (k, n)."""
        if self._W is not None and self._is_solved:
            return self._W.T.copy(order="F"), self.H.copy()
        return solve_W(self.X, self.H, self.penalties), self.H.copy()

    def residual(self, W: NDArray, H: NDArray) -> float:
        """Return the KKT residual: |projected gradient| |H|; that of W is 0."""
        B, C = unpack(self._sums, *H.shape)
        wide = H.astype(np.float64)
        l1, l2 = self.penalties.shrinkage("H")
        gradient = C @ wide - B + l1 + l2 * wide
        projected = np.where(wide > 0, gradient, np.minimum(gradient, 0.0))
        return float(np.linalg.norm(projected) * np.linalg.norm(wide))

    def finish(self, lowest: Lowest, *, late: bool = False) -> None:
        """Offer W (m, k), the exact rows for H, and H (k, n)."""
        if self._W is not None and self._is_current:
            lowest.offer(self._W.T, self.H, (self.loss, self.distance) if self._is_measured else None)
        if not self._is_solved:
            lowest.offer(solve_W(self.X, self.H, self.penalties), self.H)

    @property
    def _is_measured(self) -> bool:
        """Whether rounding in X's precision cancels in the sum of squares, entry against entry, to that precision.

        An entry of X - WH is off by k + 2 roundings of X's and WH's entries, this way or that: in the sum over N
        entries that is, relatively, (k + 2) (1 + 2 |X| / |X - WH|) / sqrt(N) roundings.
        """
        k, entries = len(self.H), float(self.X.shape[0]) * self.X.shape[1]
        return (k + 2) * (np.sqrt(self.distance) + 2.0 * np.sqrt(self._reference)) <= np.sqrt(entries * self.distance)

    @property
    def _is_solved(self) -> bool:
        """Whether the last pass wrote what `solve_W` would write."""
        return self._is_current and solves_rows(self.H, self.penalties, self.X.dtype)

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
        self._solve_H(H, B, C, *self.penalties.shrinkage("H"))
        if self._balanced:
            normalise_rows(H)
        return H.astype(self.X.dtype)

    def _solve_H(self, H: NDArray, B: NDArray, C: NDArray, l1: float, l2: float) -> None:
        step_H(H, B, C, l1, l2)

    def _step_on_sample(self) -> tuple[NDArray, float, float]:
        """Return an H, the decrease of the objective that is expected of it, and how many updates it counts as."""
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
        # A pass over the sample takes so much of the time of one over X, and is worth it for so much of the decrease.
        worth = self._share * smallest_decrease(self.loss, self._reference, max(self._tol, _LEAST_TOL))
        H, before, after, passes = self._minimise(start, tilt, self._share * worth)
        return H.astype(self.X.dtype), (before - after) / self._share, 1.0 + self._share * passes

    def _sample_gradient_parts(self, H: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        sums = self._pass(self._sample, H.astype(self.X.dtype))
        return unpack(sums, *H.shape)

    def _minimise(self, start: NDArray, tilt: NDArray, worth: float) -> tuple[NDArray, float, float, int]:
        return lower_on_sample(
            SampleSums(self._sample, self._weights),
            step_H,
            start,
            self._weights,
            tilt,
            worth=lambda value: worth,
            max_passes=_INNER_PASSES,
        )


class SampleSums:
    """The sums of passes over a sample, feature-major (n, m), each from the active sets that the last one found."""

    def __init__(self, sample: NDArray, penalties: Penalties) -> None:
        self.sample = sample
        self.penalties = penalties
        self._W: NDArray | None = None

    def __call__(self, H: NDArray) -> NDArray[np.float64]:
        """Solve the rows of the sample for H (k, n)."""
        warm = self._W is not None
        if self._W is None and len(H) > MAX_ENUMERATED:
            self._W = np.empty((len(H), self.sample.shape[1]), self.sample.dtype)
        return full_pass(self.sample, H, self.penalties, self._W, warm=warm)


def fit_on_sample(
    X: NDArray, H: NDArray, penalties: Penalties, rng: np.random.RandomState, size: int, tol: float
) -> NDArray:
    """Return H (k, n) lowered on ``size`` sampled rows of the feature-major X (n, m), by exact steps from H."""
    sample = sample_rows(X, size, rng)
    reference = 0.5 * float(np.einsum("ij,ij->", sample, sample, dtype=np.float64))
    H = np.array(H, np.float64)
    if penalties.none:
        normalise_rows(H)
    share = size / X.shape[1]
    weights = penalties.of_sample(share)
    H, *_ = lower_on_sample(
        SampleSums(sample, weights),
        step_H,
        H,
        weights,
        np.zeros_like(H),
        worth=lambda value: share * smallest_decrease(value, reference, max(tol, _LEAST_TOL)),
        max_passes=100,
    )
    return H.astype(X.dtype)
