"""Coordinate descent for symmetric X ~ WW': every entry moves to the minimiser of a quartic.

With S = W'W, the objective 1/2 |X - WW'|^2 as a function of one entry x = w_it is, up to a constant,

    1/2 x^4 + (S_tt - w_it^2 + sum_{u != t} w_iu^2 - x_ii) x^2
    + 2 (sum_{u != t} (S_tu - w_it w_iu) w_iu - sum_{j != i} x_ij w_jt) x

whose smallest point on the non-negative side has a closed form [1]_. So no step can raise it. A sweep costs as many
multiplications as XW and m k^2 more; nothing of the size of X is made.

.. [1] Vandaele, Gillis, Lei, Zhong, Dhillon, "Efficient and non-convex coordinate descent for symmetric nonnegative
   matrix factorization", IEEE Trans. Signal Process. 64(21), 2016, doi:10.1109/TSP.2016.2591510, section III.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmfcore._jit import inlined, kernel
from nmfcore.iterate import Lowest
from nmfcore.problem import Problem
from nmfcore.solvers.coordinate_descent import smallest_quartic
from nmfcore.solvers.products import product

__all__ = ["SymmetricDescent", "best_scale"]


@inlined
def _sweep_row(w, pull, own, S, l1, l2):
    """Move the entries of w (k,) one after the other, and S (k, k) with them.

    pull (k,): of the other rows, by X; own: the entry of X on the diagonal.
    """
    k = w.shape[0]
    for t in range(k):
        old = np.float64(w[t])
        others = 0.0
        cross = 0.0
        for u in range(k):
            if u != t:
                others += np.float64(w[u]) * w[u]
                cross += (S[t, u] - old * w[u]) * w[u]
        quadratic = 2.0 * (S[t, t] - old * old + others - own) + l2
        w[t] = smallest_quartic(2.0, quadratic, 2.0 * (cross - pull[t]) + l1)
        change = np.float64(w[t]) - old
        for u in range(k):
            if u != t:
                S[t, u] += change * w[u]
                S[u, t] = S[t, u]
        S[t, t] += change * (2.0 * old + change)


@kernel
def _sweep_dense(X, W, S, l1, l2):
    """Sweep W (m, k) in place, and S = W'W with it."""
    m, k = W.shape
    pull = np.empty(k, np.float64)
    for i in range(m):
        pull[:] = 0.0
        for j in range(m):
            x = np.float64(X[i, j])
            if j != i and x != 0.0:
                for t in range(k):
                    pull[t] += x * W[j, t]
        _sweep_row(W[i], pull, np.float64(X[i, i]), S, l1, l2)


@kernel
def _sweep_sparse(indptr, indices, data, W, S, l1, l2):
    """Sweep W (m, k) in place, and S = W'W with it."""
    m, k = W.shape
    pull = np.empty(k, np.float64)
    for i in range(m):
        pull[:] = 0.0
        own = 0.0
        for e in range(indptr[i], indptr[i + 1]):
            x = np.float64(data[e])
            j = indices[e]
            if j == i:
                own = x
            else:
                for t in range(k):
                    pull[t] += x * W[j, t]
        _sweep_row(W[i], pull, own, S, l1, l2)


class SymmetricDescent:
    """Sweeps over the entries of W, with H = W'.

    Parameters
    ----------
    problem : Problem
        Of symmetric X, the Frobenius loss, and the same L1 and L2 on both factors.
    W : ndarray of shape (m, k)
        Where to start; copied.
    """

    def __init__(self, problem: Problem, W: NDArray) -> None:
        self._problem = problem
        self._rows = problem.data.rows
        (l1_W, l2_W), (l1_H, l2_H) = (problem.penalties.shrinkage(factor) for factor in "WH")
        self._shrinkage = (l1_W + l1_H, l2_W + l2_H)
        self.W = np.array(W, order="C")
        self.loss, self.distance = problem.measure(self.W, self._H)

    @property
    def _H(self) -> NDArray:
        return np.ascontiguousarray(self.W.T)

    def step(self) -> float | None:
        """Sweep once; return the decrease, None where rounding leaves none."""
        kept, before, distance = self.W, self.loss, self.distance
        self.W = kept.copy()
        wide = kept.astype(np.float64)
        rest = (self.W, wide.T @ wide, *self._shrinkage)
        if self._rows.sparse is None:
            _sweep_dense(self._rows.array, *rest)
        else:
            S = self._rows.sparse
            _sweep_sparse(S.indptr, S.indices, S.data, *rest)
        self.loss, self.distance = self._problem.measure(self.W, self._H)
        if not self.loss < before:
            self.W, self.loss, self.distance = kept, before, distance
            return None
        return before - self.loss

    def factors(self) -> tuple[NDArray, NDArray]:
        """Return copies of W (m, k) and W'."""
        return self.W.copy(), self._H

    def finish(self, lowest: Lowest, *, late: bool = False) -> None:
        """Offer W as it is."""
        lowest.offer(self.W, self._H, (self.loss, self.distance))

    def residual(self, W: NDArray, H: NDArray) -> float:
        """Return |projected gradient| |W|."""
        l1, l2 = self._shrinkage
        wide = W.astype(np.float64)
        gradient = 2.0 * (wide @ (wide.T @ wide) - product(self._rows, W)) + l1 + l2 * wide
        projected = np.where(wide > 0.0, gradient, np.minimum(gradient, 0.0))
        return float(np.linalg.norm(projected) * np.linalg.norm(wide))


def best_scale(problem: Problem, W: NDArray) -> NDArray:
    """Return W times the number that makes |X - WW'| least."""
    wide = W.astype(np.float64)
    gram = wide.T @ wide
    ratio = float(np.sum(product(problem.data.rows, W) * wide)) / float(np.sum(gram**2))
    return W * W.dtype.type(np.sqrt(ratio)) if ratio > 0.0 else W
