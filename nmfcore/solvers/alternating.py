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
from nmfcore.iterate import Lowest
from nmfcore.losses import beta_divergence, frobenius
from nmfcore.passes import BLAS_ALONE
from nmfcore.penalties import Penalties, Terms
from nmfcore.solvers import coordinate_descent, multiplicative, row_newton, scalar_newton, simplex
from nmfcore.solvers.exact import improve_W
from nmfcore.solvers.products import dense_product, gram, product

_RELATIVE_FLOOR = 1e-12
GROWTH = 1.05
_SPAN = 3


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
    n_fixed : int
        So many leading rows of H stay as they are.
    balanced : bool
        Whether components end with both halves at norms alike, where the objective leaves that open.
    """

    def __init__(
        self,
        data: Data,
        W: NDArray,
        H: NDArray,
        penalties: Penalties,
        beta: float,
        solver: str,
        n_fixed: int = 0,
        *,
        balanced: bool = False,
    ) -> None:
        self.data = data
        self.penalties = penalties
        self._beta = beta
        self._solver = solver
        self._n_fixed = n_fixed
        self._balanced = balanced
        self._cancels = False
        self._previous: tuple[NDArray, NDArray] | None = None
        self._weight = 0.5
        self._decreases: list[float] = []
        # Where a product of 0 would be divided by, no entry may vanish.
        self.floor = 0.0 if beta == 2.0 else _RELATIVE_FLOOR * float(np.sqrt(W.max() * H.max()))
        self.W = np.maximum(W, data.dtype.type(self.floor), order="C")
        self._Ht = np.maximum(H.T, data.dtype.type(self.floor), order="C")
        if n_fixed:
            self._Ht[:, :n_fixed] = H[:n_fixed].T
        total = penalties.terms("W", self.W, self.H).total
        if total is not None:
            self.W = _with_sum(self.W, total)
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
            self._weight = min(1.0, GROWTH * self._weight) if self.loss < before else 0.5 * self._weight
        if ahead is None or not self.loss < before:
            self.descend(kept[0].copy(), kept[1].copy())
        # What is below rounding is no decrease: where X is fitted to its last digits, such steps go anywhere.
        if not self.loss < before - self._rounding:
            (self.W, self._Ht), self.loss, self.distance = kept, before, distance
            return None
        self._previous = kept
        return self._expect(before - self.loss)

    def _expect(self, decrease: float) -> float:
        """Return the decrease to expect after one: a small one says little, extrapolation takes its turns."""
        self._decreases = [*self._decreases[1 - _SPAN :], decrease]
        return sum(self._decreases) / _SPAN if len(self._decreases) == _SPAN else np.inf

    def _ahead(self) -> tuple[NDArray, NDArray] | None:
        """Return the factors extrapolated from the last two; None before there are two, or for a rule that may not."""
        if self._solver == "mu" or self._previous is None:
            return None
        weight, floor = self.data.dtype.type(self._weight), self.data.dtype.type(self.floor)
        return tuple(
            np.maximum(F + weight * (F - G), floor) for F, G in zip((self.W, self._Ht), self._previous, strict=True)
        )

    def descend(self, W: NDArray, Ht: NDArray) -> None:
        """Take W (m, k) and H' (n, k), update them in place, and measure, whatever comes of it."""
        self.W, self._Ht = W, Ht
        # A trial step may overflow, and is then refused.
        with np.errstate(all="ignore"):
            self.update_W()
            self._measure(self.update_H())

    def update_W(self) -> None:
        """Update W in place for H as it is; the objective is not measured."""
        self._update(self.data.rows, self.W, self._Ht, self._terms("W"))

    def update_H(self) -> frobenius.Quadratic | None:
        """Update H in place for W as it is; return the loss as a function of H where it was at hand."""
        return self._update(self.data.columns, self._Ht, self.W, self._terms("H"))

    def _terms(self, factor: str) -> Terms:
        if factor == "W":
            return self.penalties.terms("W", self.W, self.H)
        terms = self.penalties.terms("H", self._Ht, self.W.T)
        terms.n_fixed = self._n_fixed
        return terms

    def factors(self) -> tuple[NDArray, NDArray]:
        """Return copies of W (m, k) and H (k, n) as they are."""
        return self.W.copy(), self.H.copy()

    def finish(self, lowest: Lowest, *, late: bool = False) -> None:
        """Offer W and H as they are; then with each row of W solved for H, where that is a convex problem, and tidied.

        late: without solving, which may take as long as many iterations. Tidy: without what only the floor kept from
        0, the two halves of a component at norms alike.
        """
        W, Ht = self.W, self._Ht
        lowest.offer(W, self.H)
        terms = self.penalties.terms("W", W, self.H)
        if (
            not late
            and self._beta in (1.0, 2.0)
            and not terms.couples_rows
            and (terms.total is None or self._beta == 2.0)
        ):
            solved = improve_W(self.data, self.H, self.penalties, self._beta, W)
        else:
            solved = W
        for last in (solved, W):
            dropped = self._drop_the_floor(last, Ht)
            if lowest.offer(*self._balance(*dropped)) or lowest.offer(*self._balance(last, Ht)):
                return

    def _balance(self, W: NDArray, Ht: NDArray) -> tuple[NDArray, NDArray]:
        """Return W and H with halves of norms alike, as far as powers of two go, which round nothing."""
        if not self._balanced or self._n_fixed or not self.penalties.none:
            return W, np.ascontiguousarray(Ht.T)
        # A row of weight 2 counts like two rows.
        weights = (self.data.rows.row_weight, self.data.columns.row_weight)
        squares = [
            np.einsum("i,it,it->t", weight, F, F, dtype=np.float64) for weight, F in zip(weights, (W, Ht), strict=True)
        ]
        alive = (squares[0] > 0.0) & (squares[1] > 0.0)
        ratio = np.divide(squares[1], squares[0], out=np.ones(len(alive)), where=alive)
        exponent = np.rint(0.25 * np.log2(ratio)).astype(np.int32)
        return np.ldexp(W, exponent), np.ascontiguousarray(np.ldexp(Ht, -exponent).T)

    def _drop_the_floor(self, W: NDArray, Ht: NDArray) -> tuple[NDArray, NDArray]:
        """Return W and H' with zeros for the entries that only the floor kept from it."""
        if self.floor == 0.0:
            return W, Ht
        least = 1.01 * self.floor
        dropped = np.where(Ht <= least, Ht.dtype.type(0), Ht)
        dropped[:, : self._n_fixed] = Ht[:, : self._n_fixed]
        return np.where(W <= least, W.dtype.type(0), W), dropped

    def residual(self, W: NDArray, H: NDArray) -> float:
        """Return the KKT residual: |projected gradient| |factor|, summed over W (m, k) and H (k, n)."""
        Ht = np.ascontiguousarray(H.T)
        on_W, on_H = self.penalties.terms("W", W, H), self.penalties.terms("H", Ht, W.T)
        return _residual(W, *self._parts(self.data.rows, W, Ht), on_W, 0) + _residual(
            Ht, *self._parts(self.data.columns, Ht, W), on_H, self._n_fixed
        )

    @cached_property
    def _by_gram(self) -> bool:
        # Where nothing else weighs on W, the weight of a sample cancels in its own row.
        return (
            self._beta == 2.0
            and not self.data.is_masked
            and (not self.data.is_weighted or self.data.is_sparse or self._is_free("W", self.W, self.H))
        )

    def _is_free(self, factor: str, F: NDArray, C: NDArray) -> bool:
        return self.penalties.terms(factor, F, C).is_nothing

    def _update(self, rows: Rows, F: NDArray, Ct: NDArray, terms: Terms) -> frobenius.Quadratic | None:
        """Update F in place for the other factor C' (n, k); return the loss as a function of F where it was at hand."""
        by_coordinates = self._solver == "cd"
        if self._by_gram:
            quadratic = frobenius.Quadratic(gram(Ct, rows.column_weight), product(rows, Ct))
            if by_coordinates and terms.total is not None and not terms.quartic:
                simplex.update(F, quadratic.gram, quadratic.linear, rows.row_weight, terms)
                return quadratic
            # Coordinates of sparse rows are found from products in which the row has no weight of its own.
            if by_coordinates and terms.total is None and (terms.is_nothing or (rows.row_weight == 1).all()):
                coordinate_descent.update(F, quadratic.gram, quadratic.linear, terms)
            else:
                num, den = _weighted_parts(rows, F, quadratic)
                multiplicative.update(F, num, den, terms, self._beta, self.floor)
            return quadratic
        C = np.ascontiguousarray(Ct.T)
        by_coordinates = by_coordinates and terms.total is None
        if by_coordinates and self._beta != 2.0:
            free = terms.decoupled(F) if self._beta == 0.0 else terms
            if row_newton.is_suited(rows, F.shape[1], free, self._beta):
                row_newton.update(rows, F, C, free, self._beta)
                return None
        # Coordinates one by one know no weights of sparse rows.
        is_weighted = self.data.is_sparse and self.data.is_weighted
        if by_coordinates and self._beta != 0.0 and not terms.quartic and not is_weighted:
            scalar_newton.update(rows, F, C, terms, self._beta)
        else:
            multiplicative.update(F, *self._parts(rows, F, Ct), terms, self._beta, self.floor)
        return None

    def _parts(self, rows: Rows, F: NDArray, Ct: NDArray) -> tuple[NDArray, NDArray]:
        if self._by_gram:
            return _weighted_parts(rows, F, frobenius.Quadratic(gram(Ct, rows.column_weight), product(rows, Ct)))
        return beta_divergence.gradient_parts(rows, F, np.ascontiguousarray(Ct.T), self._beta)

    def _parts_and_distance(self, rows: Rows, F: NDArray, Ct: NDArray) -> tuple[NDArray, NDArray, float]:
        """Return the parts of the gradient in F (m, k) for the other factor C' (n, k), and the loss."""
        if self._by_gram:
            quadratic = frobenius.Quadratic(gram(Ct, rows.column_weight), product(rows, Ct))
            return *_weighted_parts(rows, F, quadratic), self._distance(quadratic, F)
        return beta_divergence.parts_and_value(rows, F, np.ascontiguousarray(Ct.T), self._beta)

    @cached_property
    def _rounding(self) -> float:
        return beta_divergence.rounding(self.data.rows, self._beta)

    @cached_property
    def _square_norm(self) -> float:
        S = self.data.rows.sparse
        if S is not None:
            return float(np.einsum("i,i->", S.data, S.data, dtype=np.float64))
        (m, n), dtype = self.data.shape, self.data.dtype
        # Row by row, so that the layout of X does not show in its bits.
        return 2.0 * frobenius.value(self.data.X, np.zeros((m, 1), dtype), np.zeros((1, n), dtype))

    def _measure(self, quadratic: frobenius.Quadratic | None = None) -> None:
        self.distance = self._distance(quadratic, self._Ht)
        self.loss = self.distance + self.penalties.value(self.W, self.H)

    def _distance(self, quadratic: frobenius.Quadratic | None, F: NDArray) -> float:
        """Return the loss without the penalties, from what is known of it as a function of F where that will do."""
        if quadratic is not None and self.data.is_plain and not self._cancels:
            distance = quadratic.value(F, self._square_norm)
            if distance is not None:
                return distance
            # The loss falls: what cancels once will cancel from then on.
            self._cancels = True
        if self._by_gram and self.data.is_plain and not self.data.is_sparse:
            with BLAS_ALONE:
                return frobenius.value(self.data.X, self.W, self.H)
        return beta_divergence.value(self.data.rows, self.W, self.H, self._beta)


def _with_sum(F: NDArray, total: float) -> NDArray:
    """Return F (m, k) with rows scaled to a sum; a row of zeros becomes even."""
    sums = F.sum(axis=1, keepdims=True, dtype=np.float64)
    even = np.full(F.shape, total / F.shape[1])
    return np.divide(F * total, sums, out=even, where=sums > 0.0).astype(F.dtype)


def _weighted_parts(rows: Rows, F: NDArray, quadratic: frobenius.Quadratic) -> tuple[NDArray, NDArray]:
    weight = rows.row_weight[:, None]
    return quadratic.linear * weight, dense_product(F, quadratic.gram) * weight


def _residual(F: NDArray, num: NDArray, den: NDArray, terms: Terms, n_fixed: int) -> float:
    F64 = F.astype(np.float64)
    gradient = den.astype(np.float64) - num + terms.gradient(F64)
    if terms.total is not None:
        gradient -= np.sum(gradient * F64, axis=1, keepdims=True) / terms.total
    projected = np.where(F64 > 0, gradient, np.minimum(gradient, 0.0))[:, n_fixed:]
    # Infinitely far from stationary, where a product has vanished under a positive entry.
    with np.errstate(over="ignore"):
        return float(np.linalg.norm(projected) * np.linalg.norm(F64[:, n_fixed:]))
