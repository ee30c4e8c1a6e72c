"""W and H updated in turn, by whichever rule, for data of any shape and kind.

Coordinate descent starts each update from factors extrapolated beyond the last two [1]_. That alone would not be
monotone: where the objective rises, the update is done again from the factors themselves.

.. [1] Ang, Gillis, "Accelerating nonnegative matrix factorization algorithms using extrapolation", Neural Computation
   31(2), 2019, doi:10.1162/neco_a_01157, arXiv:1805.06604.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nmfcore.data import Data, Rows
from nmfcore.losses import beta_divergence, frobenius
from nmfcore.passes import BLAS_ALONE
from nmfcore.penalties import Penalties, Terms
from nmfcore.solvers import coordinate_descent, multiplicative, row_newton, scalar_newton
from nmfcore.solvers.exact import solve_W
from nmfcore.solvers.products import dense_product, gram, product

_RELATIVE_FLOOR = 1e-12
_GROWTH = 1.05
_PATIENCE = 5


class Alternating:
    """One update of W, then one of H, by a rule that never raises the objective.

    Parameters
    ----------
    data : Data
    W, H : ndarray of shape (m, k) and (k, n)
        Where to start; copied.
    penalties : Penalties
    beta : float
        The loss.
    solver : {"cd", "mu"}
        The rule.
    held : int
        So many leading rows of H stay as they are.
    balanced : bool
        Whether components end with both halves at norms alike, where the objective leaves that open.
    max_sweeps : int
        Most sweeps of coordinate descent in an update, Frobenius loss.
    """

    def __init__(
        self,
        data: Data,
        W: NDArray,
        H: NDArray,
        penalties: Penalties,
        beta: float,
        solver: str,
        held: int = 0,
        *,
        balanced: bool = False,
        max_sweeps: int = coordinate_descent.MAX_SWEEPS,
    ) -> None:
        self.data = data
        self.penalties = penalties
        self._beta = beta
        self._solver = solver
        self._held = held
        self._balanced = balanced
        self._max_sweeps = max_sweeps
        self._cancels = False
        self._previous: tuple[NDArray, NDArray] | None = None
        self._weight = 0.5
        self._decreases: list[float] = []
        # Where a product of 0 would be divided by, no entry may vanish.
        self._floor = 0.0 if beta == 2.0 else _RELATIVE_FLOOR * float(np.sqrt(W.max() * H.max()))
        self.W = np.maximum(W, data.dtype.type(self._floor), order="C")
        self._Ht = np.maximum(H.T, data.dtype.type(self._floor), order="C")
        if held:
            self._Ht[:, :held] = H[:held].T
        self._measure()

    @property
    def H(self) -> NDArray:
        """H (k, n), C-contiguous."""
        return np.ascontiguousarray(self._Ht.T)

    def step(self) -> float | None:
        """Update W, then H, from a point beyond the last two where that lowers the objective, else from the last."""
        kept = self.W, self._Ht
        before, distance = self.loss, self.distance
        ahead = self._ahead()
        if ahead is not None:
            self.descend(*ahead)
            self._weight = min(1.0, _GROWTH * self._weight) if self.loss < before else 0.5 * self._weight
        if ahead is None or not self.loss < before:
            self.descend(kept[0].copy(), kept[1].copy())
        if not self.loss < before:
            (self.W, self._Ht), self.loss, self.distance = kept, before, distance
            return None
        self._previous = kept
        # One small decrease says little: extrapolation takes its turns.
        self._decreases = [*self._decreases[1 - _PATIENCE :], before - self.loss]
        return max(self._decreases)

    def _ahead(self) -> tuple[NDArray, NDArray] | None:
        """Return the factors extrapolated from the last two; None for a rule that cannot leave a zero."""
        if self._solver == "mu" or self._previous is None:
            return None
        weight, floor = self.data.dtype.type(self._weight), self.data.dtype.type(self._floor)
        return tuple(
            np.maximum(F + weight * (F - G), floor) for F, G in zip((self.W, self._Ht), self._previous, strict=True)
        )

    def descend(self, W: NDArray, Ht: NDArray) -> None:
        """Take W (m, k) and H' (n, k), update them in place, and measure, whatever comes of it."""
        self.W, self._Ht = W, Ht
        self.update_W()
        self._measure(self.update_H())

    def update_W(self) -> None:
        """Update W in place for H as it is; the objective is not measured."""
        self._update(self.data.rows, self.W, self._Ht, self.penalties.terms_W(self.H))

    def update_H(self) -> frobenius.Quadratic | None:
        """Update H in place for W as it is; return the loss as a function of H where it was at hand."""
        terms = self.penalties.terms_H(self.W)
        terms.held = self._held
        return self._update(self.data.columns, self._Ht, self.W, terms)

    def factors(self) -> tuple[NDArray, NDArray]:
        """Return copies of W (m, k) and H (k, n) as they are."""
        return self.W.copy(), self.H.copy()

    def finish(self) -> tuple[NDArray, NDArray]:
        """Return W (m, k), with each row solved for the final H where that is a convex problem, and H (k, n)."""
        H = self.H
        if self._beta in (1.0, 2.0) and not self.penalties.smoothness_W:
            self.W = solve_W(self.data, H, self.penalties, self._beta, self.W)
            self._measure()
        self._drop_the_floor()
        if self._balanced:
            self._balance()
        return self.W, self.H

    def _balance(self) -> None:
        """Give the two halves of each component norms alike, as far as powers of two go, which round nothing."""
        if self._held or not self.penalties.none:
            return
        # A row of weight 2 counts like two rows.
        weights = (self.data.rows.row_weight, self.data.columns.row_weight)
        squares = [
            np.einsum("i,it,it->t", weight, F, F, dtype=np.float64)
            for weight, F in zip(weights, (self.W, self._Ht), strict=True)
        ]
        alive = (squares[0] > 0.0) & (squares[1] > 0.0)
        ratio = np.divide(squares[1], squares[0], out=np.ones(len(alive)), where=alive)
        exponent = np.rint(0.25 * np.log2(ratio)).astype(np.int32)
        self.W, self._Ht = np.ldexp(self.W, exponent), np.ldexp(self._Ht, -exponent)

    def _drop_the_floor(self) -> None:
        """Make zeros of the entries that only the floor kept from it, unless a product is missed."""
        kept, before, distance = (self.W, self._Ht), self.loss, self.distance
        if self._floor == 0.0:
            return
        self.W, self._Ht = (np.where(F <= 1.01 * self._floor, F.dtype.type(0), F) for F in kept)
        self._Ht[:, : self._held] = kept[1][:, : self._held]
        self._measure()
        if not self.loss <= before:
            (self.W, self._Ht), self.loss, self.distance = kept, before, distance

    def residual(self) -> float:
        """Return the KKT residual: |projected gradient| |factor|, summed over W and H."""
        H = self.H
        return _residual(
            self.W, *self._parts(self.data.rows, self.W, self._Ht), self.penalties.terms_W(H), 0
        ) + _residual(
            self._Ht, *self._parts(self.data.columns, self._Ht, self.W), self.penalties.terms_H(self.W), self._held
        )

    @property
    def _by_gram(self) -> bool:
        # Without a penalty on W the weight of a sample cancels in its own row.
        return self._beta == 2.0 and not self.data.is_masked and (not self.data.is_weighted or self._rows_are_free)

    @property
    def _rows_are_free(self) -> bool:
        p = self.penalties
        return p.l1_W == p.l2_W == p.smoothness_W == 0.0 and not p.others

    def _update(self, rows: Rows, F: NDArray, Ct: NDArray, terms: Terms) -> frobenius.Quadratic | None:
        """Update F in place for the other factor C' (n, k); return the loss as a function of F where it was at hand."""
        if self._by_gram:
            quadratic = frobenius.Quadratic(gram(Ct, rows.column_weight), product(rows, Ct))
            if self._solver == "cd":
                coordinate_descent.update(F, quadratic.gram, quadratic.linear, terms, self._max_sweeps)
            else:
                num, den = _weighted_parts(rows, F, quadratic)
                multiplicative.update(F, num, den, terms, self._beta, self._floor)
            return quadratic
        if self._solver == "cd" and self._beta != 2.0 and row_newton.is_suited(rows, F.shape[1], terms):
            row_newton.update(rows, F, Ct.T, terms, self._beta)
        elif self._solver == "cd" and self._beta != 0.0:
            scalar_newton.update(rows, F, np.ascontiguousarray(Ct.T), terms, self._beta)
        else:
            multiplicative.update(F, *self._parts(rows, F, Ct), terms, self._beta, self._floor)
        return None

    def _parts(self, rows: Rows, F: NDArray, Ct: NDArray) -> tuple[NDArray, NDArray]:
        if self._by_gram:
            return _weighted_parts(rows, F, frobenius.Quadratic(gram(Ct, rows.column_weight), product(rows, Ct)))
        return beta_divergence.gradient_parts(rows, F, np.ascontiguousarray(Ct.T), self._beta)

    @cached_property
    def _square_norm(self) -> float:
        S = self.data.rows.sparse
        if S is not None:
            return float(np.einsum("i,i->", S.data, S.data, dtype=np.float64))
        (m, n), dtype = self.data.shape, self.data.dtype
        # Row by row, so that the layout of X does not show in its bits.
        return 2.0 * frobenius.value(self.data.X, np.zeros((m, 1), dtype), np.zeros((1, n), dtype))

    def _measure(self, quadratic: frobenius.Quadratic | None = None) -> None:
        H = self.H
        distance = None
        if quadratic is not None and self.data.is_plain and not self._cancels:
            distance = quadratic.value(self._Ht, self._square_norm)
            # The loss falls: what cancels once will cancel from then on.
            self._cancels = distance is None
        if distance is None and self._by_gram and self.data.is_plain and not self.data.is_sparse:
            with BLAS_ALONE:
                distance = frobenius.value(self.data.X, self.W, H)
        if distance is None:
            distance = beta_divergence.value(self.data.rows, self.W, H, self._beta)
        self.distance = distance
        self.loss = self.distance + self.penalties.value(self.W, H)


def _weighted_parts(rows: Rows, F: NDArray, quadratic: frobenius.Quadratic) -> tuple[NDArray, NDArray]:
    weight = rows.row_weight[:, None]
    return quadratic.linear * weight, dense_product(F, quadratic.gram) * weight


def _residual(F: NDArray, num: NDArray, den: NDArray, terms: Terms, held: int) -> float:
    F64 = F.astype(np.float64)
    gradient = den.astype(np.float64) - num + terms.gradient(F64)
    projected = np.where(F64 > 0, gradient, np.minimum(gradient, 0.0))[:, held:]
    return float(np.linalg.norm(projected) * np.linalg.norm(F64[:, held:]))
