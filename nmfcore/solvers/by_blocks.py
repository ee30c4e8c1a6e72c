"""H learnt from blocks of rows, W never stored: the tall solver where X is tall, and the same steps for any shape.

The objective is a function of H alone once every row of W is solved exactly. One pass over the blocks gives its value
and its gradient, from W'X and W'W; `tall` has the rest. What differs for many columns or components is how the rows
of a block are solved: products by the library, and active sets row by row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmfcore.data import Data
from nmfcore.iterate import Lowest
from nmfcore.losses import frobenius
from nmfcore.passes import BLAS_ALONE, run_blocks
from nmfcore.penalties import Penalties
from nmfcore.row_blocks import FeatureMajorBlocks
from nmfcore.solvers import exact
from nmfcore.solvers.nnls import nnls_rows
from nmfcore.solvers.products import dense_product
from nmfcore.solvers.sample_descent import lower_on_sample
from nmfcore.solvers.tall import TallCoordinateDescent

__all__ = ["GramDescent", "TallDescent"]

_DEPENDENT = 1e-14
_MOST_PASSES, _FEWEST_PASSES = 40, 3


class TallDescent(TallCoordinateDescent):
    """The tall solver for blocks of rows: the same steps, and no W at the end."""

    X: FeatureMajorBlocks

    def finish(self, lowest: Lowest, *, late: bool = False) -> None:
        """Offer no rows of W, and H (k, n); where the sums of the last pass cancel, by another pass in float64."""
        known = None
        if self.H.any():
            known = (self.loss, self.distance) if self._is_measured else self._measure()
        lowest.offer(np.empty((0, len(self.H)), self.X.dtype), self.H, known)

    def _measure(self) -> tuple[float, float]:
        parts = self.X.blocks.add(_measure_rows, self.H, self.penalties)
        H, (l1, l2) = self.H.astype(np.float64), self.penalties.shrinkage("W")
        distance, total, square = (float(part) for part in parts)
        of_H = self.penalties.value(np.zeros((0, len(H))), H)
        return distance + l1 * total + 0.5 * l2 * square + of_H, distance

    def factors(self) -> tuple[NDArray, NDArray]:
        """Return W (m, k), for which there must be memory, and a copy of H (k, n)."""
        W = self.X.blocks.weights(_solve_rows, len(self.H), None, self.H, self.penalties)
        return W, self.H.copy()

    def _pass_for_W(self, H: NDArray) -> NDArray[np.float64]:
        return self._pass(self.X, H)


class GramDescent(TallDescent):
    """The same for any number of columns and components.

    A sample of few rows against the columns of H leads astray where it is followed far: a step takes as many passes
    over it as have paid off before.
    """

    _trust = _MOST_PASSES

    def step(self) -> float | None:
        """Step on the sample, as far as it is trusted, else plainly, and check the outcome with one pass over X."""
        before, tried = self.loss, self._trust
        candidate, expected, n_updates = self._step_on_sample()
        if self._accept(candidate):
            self._trust = min(2 * tried, _MOST_PASSES)
            return expected / n_updates
        self._trust = max(tried // 4, _FEWEST_PASSES)
        if self._accept(self._plain_step()):
            return expected / n_updates if tried > _FEWEST_PASSES else before - self.loss
        return None

    def _pass(self, X: Any, H: NDArray, W: NDArray | None = None) -> NDArray[np.float64]:
        if isinstance(X, FeatureMajorBlocks):
            return X.blocks.add(_sums_of_rows, H, self.penalties)
        return _sums_of_rows(X.T, 0, H, self.penalties)

    def _solve_H(self, H: NDArray, B: NDArray, C: NDArray, l1: float, l2: float) -> None:
        """Minimise 1/2 <CH, H> - <B, H> + l1 |H|_1 + 1/2 l2 |H|^2 over H (k, n) >= 0 in place, column by column."""
        gram = C + l2 * np.eye(len(C))
        linear = np.ascontiguousarray((B - l1).T)
        Ht = np.empty_like(linear)
        run_blocks(
            lambda first, last: nnls_rows(gram, linear[first:last], _DEPENDENT, Ht[first:last]), len(Ht), least=64
        )
        # Of a component without weight in any row nothing is known.
        used = np.diag(gram) > 0.0
        H[used] = Ht.T[used]

    def _minimise(self, start: NDArray, tilt: NDArray, worth: float) -> tuple[NDArray, float, float, int]:
        return lower_on_sample(
            self._sums_of_sample,
            self._solve_H,
            start,
            self._weights,
            tilt,
            worth=lambda value: worth,
            max_passes=self._trust,
        )

    def _sums_of_sample(self, H: NDArray) -> NDArray[np.float64]:
        return _sums_of_rows(self._sample.T, 0, H.astype(self.X.dtype), self.penalties)


def _solve_rows(rows: NDArray, _: int, H: NDArray, penalties: Penalties) -> NDArray:
    return exact.solve_W(Data(rows), np.ascontiguousarray(H), penalties, 2.0)


def _measure_rows(rows: NDArray, first: int, H: NDArray, penalties: Penalties) -> NDArray[np.float64]:
    """Return 1/2 |X - WH|^2, the sum of W and of its squares."""
    W = _solve_rows(rows, first, H, penalties)
    with BLAS_ALONE:
        distance = frobenius.value(rows, W, H.astype(np.float64))
    return np.array([distance, W.sum(dtype=np.float64), np.einsum("ij,ij->", W, W, dtype=np.float64)])


def _sums_of_rows(rows: NDArray, first: int, H: NDArray, penalties: Penalties) -> NDArray[np.float64]:
    """Return what `row_pass` sums: |X - WH|^2, W'X, the lower triangle of W'W, the column sums of W."""
    W = _solve_rows(rows, first, H, penalties)
    linear, gram = dense_product(rows.T, W).T, dense_product(W.T, np.ascontiguousarray(W))
    with BLAS_ALONE:
        square = 2.0 * frobenius.value(rows, W, H)
    lower = gram[np.tril_indices(len(gram))]
    parts = ([square], linear.ravel(), lower, W.sum(axis=0, dtype=np.float64))
    return np.concatenate(parts, dtype=np.float64)
