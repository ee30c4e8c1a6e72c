"""Components learnt from a stream of batches, of which only sums are kept: what `NMF.partial_fit` steps.

Each batch X_b is solved for its rows W_b at the current H and forgotten; what stays is a surrogate of the objective of
all data so far, a function of H that lies above it, because old rows keep the weights they had. H then minimises

    Frobenius          1/2 <A H, H> - <B, H> + l1 |H|_1 + 1/2 l2 |H|_F^2,    A = sum W'W,  B = sum W'X         [1]_
    Kullback-Leibler   sum_tj (a_t + l1) H_tj - P_tj log H_tj + 1/2 l2 H_tj^2,
                       a = sum of the rows of W,  P = sum H . (W'(X / WH)) at the H of each batch              [2]_

the first by coordinate descent to convergence, the second in closed form. Before batch t is added, the sums are
multiplied by (n_{t-1} / n_t)^forgetting, with n_t the samples seen after it: early rows were solved for a poor H [1]_.

.. [1] Mairal, Bach, Ponce, Sapiro, "Online learning for matrix factorization and sparse coding", JMLR 11, 2010,
   https://jmlr.org/papers/v11/mairal10a.html, algorithms 1 and 2, section 3.4.2 (forgetting).
.. [2] Lefevre, Bach, Fevotte, "Online algorithms for nonnegative matrix factorization with the Itakura-Saito
   divergence", WASPAA 2011, arXiv:1106.4198, section 3, with the majorant of Kullback-Leibler in place of theirs.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from nmfcore.data import Data
from nmfcore.factorization import count_components, factorize, solve_weights
from nmfcore.losses.beta_divergence import gradient_parts
from nmfcore.passes import BLAS_ALONE
from nmfcore.problem import beta_of
from nmfcore.solvers.row_pass import step_H
from nmfcore.validation import check_number

__all__ = ["OnlineFactorization", "start_stream"]

_ROWS = 8192
_RELATIVE_FLOOR = 1e-12
_WORTH_A_COMPONENT = 1e-6


class OnlineFactorization:
    """H, and the sums over the batches so far that it minimises the surrogate of.

    Parameters
    ----------
    H : ndarray of shape (k, n)
        Where to start; copied, in float64.
    beta : float
        The loss: 2 or 1.
    alpha_W, alpha_H, l1_ratio : float
        Strengths of L1 and L2, in scikit-learn's scaling.
    forgetting : float
        0: every batch counts the same. The larger, the sooner old batches are forgotten.
    n_fixed : int
        So many leading rows of H stay as they are.
    """

    def __init__(
        self,
        H: NDArray[Any],
        beta: float,
        *,
        alpha_W: float = 0.0,
        alpha_H: float = 0.0,
        l1_ratio: float = 0.0,
        forgetting: float = 0.0,
        n_fixed: int = 0,
    ) -> None:
        self.H = np.array(H, np.float64)
        k, n = self.H.shape
        self.gram = np.zeros((k, k))
        self.linear = np.zeros((k, n))
        self.usage = np.zeros(k)
        self.weight = 0.0
        self.n_samples = 0
        self.n_steps = 0
        self._beta = beta
        self._alpha_W = alpha_W
        self._alpha_H = alpha_H
        self._l1_ratio = l1_ratio
        self._forgetting = forgetting
        self._n_fixed = n_fixed

    @property
    def l1(self) -> float:
        """Strength of |H|_1 in the surrogate."""
        return self.weight * self._alpha_H * self._l1_ratio

    @property
    def l2(self) -> float:
        """Strength of 1/2 |H|_F^2 in the surrogate."""
        return self.weight * self._alpha_H * (1.0 - self._l1_ratio)

    def step(self, X: NDArray[Any] | sp.csr_array) -> None:
        """Add a batch X (m, n) to the sums, and move H to the minimum of the surrogate.

        Raises
        ------
        ValueError
            If X has a negative or non-finite entry; nothing is changed then.
        """
        W = self._solve(X)
        if self._revive(X, W):
            W = self._solve(X)
        kept = 1.0
        if self.n_samples:
            kept = (self.n_samples / (self.n_samples + len(W))) ** self._forgetting
        self.usage = kept * self.usage + W.sum(axis=0, dtype=np.float64)
        self.weight = kept * self.weight + len(W)
        self.n_samples += len(W)
        self.n_steps += 1
        if self._beta == 2.0:
            self.gram *= kept
            self.linear *= kept
            self._add_squares(X, W)
            self._minimise_squares()
        else:
            self.linear *= kept
            self._add_ratios(X, W)
            self._minimise_ratios()

    def _solve(self, X: Any) -> NDArray[Any]:
        H = self.H.astype(X.dtype)
        loss = "frobenius" if self._beta == 2.0 else "kullback-leibler"
        W = solve_weights(X, H, beta_loss=loss, alpha_W=self._alpha_W, l1_ratio=self._l1_ratio)
        # The weight of a component that is 0 is anything.
        W[:, ~H.any(axis=1)] = 0
        return W

    def _revive(self, X: Any, W: NDArray[Any]) -> bool:
        """Give components that no row has used yet the residuals of the rows that are fitted worst."""
        idle = np.flatnonzero(self.usage + W.sum(axis=0) == 0)
        idle = idle[idle >= self._n_fixed]
        if not idle.size:
            return False
        W = W.astype(np.float64)
        squares = np.asarray((X.astype(np.float64) ** 2).sum(axis=1)).ravel()
        misfit = squares - np.einsum("it,tu,iu->i", W, self.H @ self.H.T, W)
        worst = np.argsort(misfit)[::-1][: idle.size]
        worst = worst[misfit[worst] > _WORTH_A_COMPONENT * squares.max()]
        for t, i in zip(idle, worst, strict=False):
            row = X[[i]].toarray()[0] if sp.issparse(X) else X[i]
            residual = np.maximum(row - W[i] @ self.H, 0.0)
            self.H[t] = residual + (_RELATIVE_FLOOR * residual.max() if self._beta == 1.0 else 0.0)
        return bool(worst.size)

    def _add_squares(self, X: Any, W: NDArray[Any]) -> None:
        # One thread in the library: its own would split sums by their number.
        with BLAS_ALONE:
            for start in range(0, len(W), _ROWS):
                x, w = X[start : start + _ROWS].astype(np.float64), W[start : start + _ROWS].astype(np.float64)
                self.gram += w.T @ w
                self.linear += np.asarray(x.T @ w).T

    def _minimise_squares(self) -> None:
        free = slice(self._n_fixed, None)
        H = np.ascontiguousarray(self.H[free])
        linear = self.linear - self.gram[:, : self._n_fixed] @ self.H[: self._n_fixed]
        gram = np.ascontiguousarray(self.gram[free, free])
        step_H(H, np.ascontiguousarray(linear[free]), gram, self.l1, self.l2)
        self.H[free] = H

    def _add_ratios(self, X: Any, W: NDArray[Any]) -> None:
        data = Data(X.astype(np.float64))
        Wt = np.ascontiguousarray(W.T, dtype=np.float64)
        ratios, _ = gradient_parts(data.columns, np.ascontiguousarray(self.H.T), Wt, 1.0)
        self.linear += self.H * ratios.T

    def _minimise_ratios(self) -> None:
        free = slice(self._n_fixed, None)
        slope = (self.usage + self.l1)[free, None]
        target = self.linear[free]
        below = slope + np.sqrt(slope**2 + 4.0 * self.l2 * target)
        # A component without weight in any row does not matter: it stays.
        H = np.divide(2.0 * target, below, out=self.H[free].copy(), where=below > 0)
        # An entry that is 0 would stay 0; from here one step lets it grow to any size.
        self.H[free] = np.maximum(H, _RELATIVE_FLOOR * H.max(initial=0.0))


def start_stream(model: Any, X: Any, H: NDArray[Any] | None) -> OnlineFactorization:
    """Return the stream that the parameters of an NMF describe, starting at H, or at a factorization of the batch X.

    Raises
    ------
    ValueError
        If a parameter has no meaning for a stream; the message names it.
    """
    beta = beta_of(model.beta_loss)
    if beta not in (1.0, 2.0):
        raise ValueError(
            "partial_fit is only known for beta_loss='frobenius' and 'kullback-leibler', "
            f"got beta_loss = {model.beta_loss!r}."
        )
    for name, nothing in (
        ("smoothness_W", 0),
        ("orthogonality_H", 0),
        ("penalties", ()),
        ("sum_to_one", False),
        ("missing", "error"),
    ):
        value = getattr(model, name)
        if value != nothing:
            raise ValueError(f"partial_fit does not handle {name}, got {name} = {value!r}: use fit.")
    forgetting = check_number(model.forgetting, "forgetting")
    if H is None:
        k = count_components(model.n_components, None, None, X)
        if beta == 1.0 and X.shape[0] < k:
            raise ValueError(
                f"The first batch has {X.shape[0]} samples, fewer than n_components = {k}: the Kullback-Leibler loss "
                "cannot start from there. Give a larger first batch, or components to start from by fit."
            )
        with warnings.catch_warnings():
            # One batch is only where to start.
            warnings.simplefilter("ignore", ConvergenceWarning)
            H = factorize(
                X,
                model.n_components,
                init=model.init,
                solver=model.solver,
                beta_loss=model.beta_loss,
                alpha_W=model.alpha_W,
                alpha_H=model.alpha_H,
                l1_ratio=model.l1_ratio,
                fixed_components=model.fixed_components,
                tol=model.tol,
                max_iter=model.max_iter,
                n_restarts=model.n_restarts,
                random_state=model.random_state,
            ).H
    return OnlineFactorization(
        H,
        beta,
        alpha_W=model.alpha_W,
        alpha_H=model.alpha_W if isinstance(model.alpha_H, str) else model.alpha_H,
        l1_ratio=model.l1_ratio,
        forgetting=forgetting,
        n_fixed=0 if model.fixed_components is None else len(np.atleast_2d(model.fixed_components)),
    )
