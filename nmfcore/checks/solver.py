"""`check_solver`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nmfcore.checks.cases import SHAPES, largest_rise, problems, require
from nmfcore.iterate import Progress

__all__ = ["check_solver"]


def check_solver(
    fit: Callable[[NDArray[Any], NDArray[Any], NDArray[Any], Callable[[Progress], bool]], Fit],
    objective: Callable[[NDArray[Any], NDArray[Any], NDArray[Any]], float],
    *,
    shapes: tuple[tuple[int, int, int], ...] = SHAPES,
    dtype: DTypeLike = np.float64,
    positive: bool = False,
    n_iter: int = 15,
    seed: int = 0,
) -> None:
    """Check that a solver never raises the objective, in any iteration, from adversarial starts.

    Data: uniform, low rank, sparse, with zero rows and columns, constant. Starts: uniform, far too small, far too
    large, unbalanced, rank-deficient, with zero rows and columns, checkerboard. After each iteration:

    1. the factors have the shapes and the dtype of the start, and are finite and not negative;
    2. the objective, recomputed in float64, is not above that before by more than rounding: 1e-9 of it in float64, 1e-5
       in float32;
    3. the loss that the solver states is that objective.

    The objective of what the fit returns is the last entry of the history, and not above that of the last iteration;
    the history begins with the objective of the start, and never rises; and from every start the objective has fallen
    in the end, unless it was that of zero, and rises where the factors grow.

    Parameters
    ----------
    fit : callable
        (X, W, H, callback): starts at copies of W (m, k) and H (k, n), and calls ``callback(progress)`` after each
        iteration, with the attribute ``loss`` and the method ``factors()``, which returns (W, H), as `Progress` has
        them. It stops where that returns true, and returns W, H and loss_history, as `Result` has them.
    objective : callable
        (X, W, H) to float, for float64 W and H.
    shapes : tuple of (int, int, int), default=((12, 8, 3), (5, 4, 6), (300, 6, 3))
        n_samples, n_features, n_components of the problems.
    dtype : {float32, float64}, default=float64
        Of the data and factors.
    positive : bool, default=False
        Whether the objective is for data without zeros only.
    n_iter : int, default=15
        Iterations after which the callback ends a run.
    seed : int, default=0
        Of the problems.

    Raises
    ------
    AssertionError
        If a check fails; the message names the problem and the iteration.

    Examples
    --------
    >>> from nmfcore import factorize, objective
    >>> from nmfcore.checks import check_solver
    >>> def fit(X, W, H, callback):
    ...     return factorize(X, W=W, H=H, init="custom", solver="cd", callback=callback, tol=0)
    >>> check_solver(fit, objective)
    """
    kind = np.dtype(dtype)
    rng = np.random.default_rng(seed)
    for name, X, W, H in problems(shapes, kind, rng, positive=positive):
        watch = _Watch(name, X, W, H, objective, n_iter)
        start = watch.loss
        result = fit(X.copy(), W.copy(), H.copy(), watch)
        require(watch.n_seen > 0, f"{name}: the callback was never called.")
        watch.look_at_result(result, start)


class Fit(Protocol):
    """What a fit returns."""

    @property
    def W(self) -> NDArray[Any]:
        """Weights, (m, k)."""
        ...

    @property
    def H(self) -> NDArray[Any]:
        """Components, (k, n)."""
        ...

    @property
    def loss_history(self) -> NDArray[np.float64]:
        """Objective at the start and after each iteration."""
        ...


class _Watch:
    """A callback that looks at every iteration."""

    def __init__(
        self, name: str, X: NDArray[Any], W: NDArray[Any], H: NDArray[Any], objective: Callable[..., float], n_iter: int
    ) -> None:
        self.n_seen = 0
        self.loss = objective(X, W.astype(np.float64), H.astype(np.float64))
        self._name = name
        self._X = X
        self._shapes = (W.shape, H.shape)
        self._objective = objective
        self._n_iter = n_iter
        # Of the size of the data: an objective near 0 is a difference of such numbers.
        start, nothing, grown = (
            objective(X, c * W.astype(np.float64), c * H.astype(np.float64)) for c in (1.0, 0.0, 1.5)
        )
        self._is_at_zero = abs(start - nothing) <= largest_rise(X.dtype) * abs(start) and grown >= start
        self._rounding = 4 * float(np.finfo(X.dtype).eps) * float(np.sum(X, dtype=np.float64) + np.sum(X**2))

    def __call__(self, progress: Progress) -> bool:
        self.n_seen += 1
        where = f"{self._name}, iteration {self.n_seen}"
        loss = self._look(where, *progress.factors())
        self._agree(where, progress.loss, loss)
        self.loss = loss
        return self.n_seen >= self._n_iter

    def look_at_result(self, result: Fit, start: float) -> None:
        """Check the result as if it were one more iteration, and the history against what was seen."""
        where = f"{self._name}, result"
        history = result.loss_history
        loss = self._look(where, result.W, result.H)
        self._agree(where, float(history[-1]), loss)
        self._agree(f"{self._name}, start", float(history[0]), start)
        require(len(history) == self.n_seen + 1, f"{where}: {len(history)} entries of {self.n_seen} iterations.")
        require((np.diff(history) <= 0).all(), f"{where}: the history rises, {history}.")
        require(loss < start or self._is_at_zero, f"{where}: the objective stays at {start!r}.")

    def _look(self, where: str, W: NDArray[Any], H: NDArray[Any]) -> float:
        for F, label, shape in ((W, "W", self._shapes[0]), (H, "H", self._shapes[1])):
            require(F.shape == shape, f"{where}: {label} has the shape {F.shape}, not {shape}.")
            require(F.dtype == self._X.dtype, f"{where}: {label} is {F.dtype}, X {self._X.dtype}.")
            require(np.isfinite(F).all(), f"{where}: {label} is not finite.")
            require((F >= 0).all(), f"{where}: {label} has the negative entry {F.min()}.")
        loss = self._objective(self._X, W.astype(np.float64), H.astype(np.float64))
        slack = largest_rise(self._X.dtype) * abs(self.loss) + self._rounding
        require(loss <= self.loss + slack, f"{where}: the objective rises from {self.loss!r} to {loss!r}.")
        return loss

    def _agree(self, where: str, stated: float, loss: float) -> None:
        slack = largest_rise(self._X.dtype) * abs(loss) + self._rounding
        require(abs(stated - loss) <= slack, f"{where}: states a loss of {stated!r}, but it is {loss!r}.")
