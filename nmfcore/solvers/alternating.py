"""W and H updated in turn from the products XH' and W'X, by whichever rule, for dense X of any shape."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from nmfcore.losses import frobenius
from nmfcore.passes import run_blocks
from nmfcore.penalties import Penalties
from nmfcore.solvers.nnls import nnls_rows

Update = Callable[[NDArray, NDArray, NDArray, float, int], None]

_LEAST_ROWS = 32
_MOST_BLOCKS = 16


def product(A: NDArray, B: NDArray) -> NDArray:
    """Return A @ B, C-contiguous, block by block of A's rows: the same bits for any number of threads."""
    out = np.empty((A.shape[0], B.shape[1]), A.dtype)
    rows = max(_LEAST_ROWS, -(-A.shape[0] // _MOST_BLOCKS))

    def multiply(first: int, last: int) -> None:
        for b in range(first, last):
            block = slice(b * rows, (b + 1) * rows)
            np.dot(A[block], B, out=out[block])

    with _blas().limit(limits=1, user_api="blas"):
        run_blocks(multiply, -(-A.shape[0] // rows))
    return out


def solve_W(X: NDArray, H: NDArray, penalties: Penalties) -> NDArray:
    """Return W (m, k) whose rows minimise the objective at H (k, n) for X (m, n)."""
    wide = H.astype(np.float64)
    gram = wide @ wide.T
    gram.flat[:: gram.shape[0] + 1] += penalties.l2_W
    linear = product(X, np.ascontiguousarray(H.T))
    linear -= linear.dtype.type(penalties.l1_W)
    W = np.empty_like(linear)
    dependent = 32.0 * float(np.finfo(X.dtype).eps)
    run_blocks(
        lambda first, last: nnls_rows(gram, linear[first:last], dependent, W[first:last]), linear.shape[0], least=64
    )
    return W


class Alternating:
    """One update of W, then one of H, by a rule that never raises the objective.

    Parameters
    ----------
    X : ndarray of shape (m, n)
        C- or F-contiguous.
    W, H : ndarray of shape (m, k) and (k, n)
        Where to start; copied.
    penalties : Penalties
    update : callable
        ``update(F, gram, linear, l1, n_others)`` of a solver's file.
    """

    def __init__(self, X: NDArray, W: NDArray, H: NDArray, penalties: Penalties, update: Update) -> None:
        self.X = X
        self.penalties = penalties
        self._update = update
        self.W = np.array(W, order="C")
        self._Ht = np.array(H.T, order="C")
        self._measure()

    def step(self) -> float | None:
        """Update W, then H; take both back where rounding made the objective rise."""
        before, W, Ht = self.loss, self.W.copy(), self._Ht.copy()
        p = self.penalties
        self._update_factor(self.W, self._Ht, self.X, p.l1_W, p.l2_W)
        self._update_factor(self._Ht, self.W, self.X.T, p.l1_H, p.l2_H)
        self._measure()
        if not self.loss < before:
            self.W, self._Ht = W, Ht
            self._measure()
            return None
        return before - self.loss

    def finish(self) -> tuple[NDArray, NDArray]:
        """Return W (m, k), solved exactly for the final H, and H (k, n)."""
        H = np.ascontiguousarray(self._Ht.T)
        self.W = solve_W(self.X, H, self.penalties)
        self._measure()
        return self.W, H

    def _update_factor(self, F: NDArray, C: NDArray, X: NDArray, l1: float, l2: float) -> None:
        gram = product(np.ascontiguousarray(C.T), C)
        gram.flat[:: gram.shape[0] + 1] += gram.dtype.type(l2)
        self._update(F, gram, product(X, C), l1, X.shape[1])

    def _measure(self) -> None:
        H = np.ascontiguousarray(self._Ht.T)
        with _blas().limit(limits=1, user_api="blas"):
            self.distance = frobenius.value(self.X, self.W, H)
        self.loss = self.distance + self.penalties.value_W(self.W) + self.penalties.value_H(H)


_controller: ThreadpoolController | None = None


def _blas() -> ThreadpoolController:
    # Looking for the BLAS libraries takes milliseconds, so they are looked for once.
    global _controller
    if _controller is None:
        _controller = ThreadpoolController()
    return _controller
