"""The functional core: `factorize`, and `non_negative_factorization` with scikit-learn's signature."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from nmfcore.init import INITS
from nmfcore.iterate import Trace, iterate
from nmfcore.objectives import beta_loss_name, translate_penalties
from nmfcore.objectives import objective as evaluate
from nmfcore.penalties import Penalties
from nmfcore.solvers import SOLVERS, alternating, tall
from nmfcore.stopping import Reason
from nmfcore.validation import (
    as_matrix,
    check_choice,
    check_factor,
    check_integer,
    check_number,
    check_values,
    feature_major,
)

__all__ = ["Result", "factorize", "non_negative_factorization", "solve_weights"]

# Squares and products of entries within these bounds neither overflow nor vanish in float32.
_SMALLEST, _LARGEST = 2.0**-30, 2.0**30
_FIRST_SAMPLE = 4096


@dataclass(frozen=True)
class Result:
    """A factorization and how it came about.

    Attributes
    ----------
    W : ndarray of shape (n_samples, n_components)
        Weights, in X's dtype; each row minimises the objective at H.
    H : ndarray of shape (n_components, n_features)
        Components.
    loss_history : ndarray of float64, shape (n_iter + 1,)
        Objective at the start and after every iteration; never rises.
    reconstruction_err : float
        ``sqrt(2 D)`` with D the loss without penalties: ``|X - WH|_F`` for "frobenius".
    n_iter : int
        Number of iterations.
    converged : bool
        Whether it stopped for another reason than max_iter.
    reason : str
        Why it stopped.
    """

    W: NDArray[Any]
    H: NDArray[Any]
    loss_history: NDArray[np.float64]
    reconstruction_err: float
    n_iter: int
    converged: bool
    reason: str


@dataclass(frozen=True)
class _Problem:
    """X scaled to a safe range, with what is known about it."""

    X: NDArray[Any]
    penalties: Penalties
    square: float
    scale: float

    @property
    def reference(self) -> float:
        """Objective of W = 0."""
        return 0.5 * self.square


def factorize(
    X: ArrayLike,
    n_components: int | str | None = "auto",
    *,
    W: ArrayLike | None = None,
    H: ArrayLike | None = None,
    init: str | None = None,
    solver: str = "cd",
    beta_loss: float | str = "frobenius",
    alpha_W: float = 0.0,
    alpha_H: float | str = "same",
    l1_ratio: float = 0.0,
    tol: float = 1e-4,
    max_iter: int = 200,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> Result:
    """Factorise X into W H with non-negative entries, by lowering the value of `nmfcore.objective`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Non-negative data. float32 is computed in float32, anything else in float64. Any memory layout; the fastest
        for tall data is column-major (one feature after the other), which is not copied.
    n_components : int, "auto" or None, default="auto"
        Number of components. "auto": that of the given W and H, else n_features. None: n_features.
    W : array-like of shape (n_samples, n_components), default=None
        Start for ``init="custom"``.
    H : array-like of shape (n_components, n_features), default=None
        Start for ``init="custom"``.
    init : {None, "random", "nndsvd", "nndsvda", "nndsvdar", "custom"}, default=None
        Where to start. None: "nndsvda" if n_components <= min(n_samples, n_features), else "random". For tall data
        (see Notes) the start is refined on samples of the rows, except for "custom".
    solver : {"cd", "mu"}, default="cd"
        Coordinate descent, or multiplicative updates.
    beta_loss : {"frobenius"} or 2, default="frobenius"
        The loss.
    alpha_W, alpha_H : float, default=0.0 and "same"
        Strength of the penalties on W and on H, as in scikit-learn. "same": that of W.
    l1_ratio : float in [0, 1], default=0.0
        Share of the L1 penalty; the rest is L2.
    tol : float, default=1e-4
        Stop when an iteration lowers sqrt(objective / objective of W = 0) by less than tol / 100. 0: never.
    max_iter : int, default=200
        Most iterations.
    random_state : int, RandomState or None, default=None
        Seed of whatever is drawn. A fixed seed gives the same bits on every run and for every number of threads.
    verbose : int, default=0
        Whether to print the objective of each iteration.

    Returns
    -------
    Result
        Factors and history.

    Raises
    ------
    TypeError
        If X is sparse, W or H has another dtype than X, or a parameter is of the wrong type.
    ValueError
        If X is empty, not 2-D, or has a negative or non-finite entry, or a parameter is out of its range. The message
        names the argument and what was found.

    Warns
    -----
    ConvergenceWarning
        If max_iter was reached and tol is positive.
    RuntimeWarning
        If W or H is given without ``init="custom"``.

    Notes
    -----
    The objective never rises from one iteration to the next. Tall data, n_samples at least 256 and 4 n_features,
    n_features <= 32, n_components <= 8, with solver "cd", are factorised by passes in which every row of W is
    solved exactly; one pass reads X once and keeps nothing of its size but W.

    Examples
    --------
    >>> import numpy as np
    >>> from nmfcore import factorize
    >>> X = np.outer([1.0, 2.0, 3.0], [4.0, 5.0])
    >>> result = factorize(X, 1)
    >>> bool(np.allclose(result.W @ result.H, X))
    True
    """
    A = as_matrix(X)
    beta_loss_name(beta_loss)
    check_choice(solver, "solver", tuple(SOLVERS))
    check_choice(init, "init", (None, *INITS, "custom"))
    check_number(tol, "tol")
    check_integer(max_iter, "max_iter", 1)
    penalties = translate_penalties(A.shape, alpha_W, alpha_H, l1_ratio)
    rng = check_random_state(random_state)
    k = _count_components(n_components, W if init == "custom" else None, H if init == "custom" else None, A)
    largest, square = check_values(A, "X")
    start = None
    if init == "custom":
        start = (check_factor(W, (A.shape[0], k), "W", A), check_factor(H, (k, A.shape[1]), "H", A))
    elif W is not None or H is not None:
        warnings.warn(
            "When init!='custom', provided W or H are ignored. Set init='custom' to use them as initialization.",
            RuntimeWarning,
            stacklevel=2,
        )
    if solver == "mu" and init == "nndsvd":
        warnings.warn(
            "The multiplicative update ('mu') solver cannot update zeros present in the initialization, and so leads "
            "to poorer results when used jointly with init='nndsvd'. You may try init='nndsvda' or init='nndsvdar' "
            "instead.",
            UserWarning,
            stacklevel=2,
        )
    if start is None:
        init = _choose_init(init, k, A.shape)
    if largest == 0.0:
        return _solve_zeros(A, k, start, penalties)

    problem = _scaled(A, penalties, largest, square)
    if start is not None:
        root = np.sqrt(problem.scale)
        start = ((start[0] * root).astype(A.dtype), (start[1] * root).astype(A.dtype))
    is_tall = solver == "cd" and tall.is_tall(A.shape, k)
    solve = _solve_tall if is_tall else _solve_alternating
    trace = solve(problem, k, start, init, solver, rng, tol=tol, max_iter=max_iter, verbose=verbose)
    if problem.scale != 1.0:
        root = A.dtype.type(np.sqrt(problem.scale))
        trace = replace(
            trace,
            W=trace.W / root,
            H=trace.H / root,
            distance=trace.distance / problem.scale**2,
            loss_history=trace.loss_history / problem.scale**2,
        )
    if trace.reason is Reason.MAX_ITER and tol > 0:
        warnings.warn(
            f"Maximum number of iterations {max_iter} reached. Increase it to improve convergence.",
            ConvergenceWarning,
            stacklevel=2,
        )
    return Result(
        trace.W,
        trace.H,
        trace.loss_history,
        float(np.sqrt(2.0 * trace.distance)),
        trace.n_iter,
        trace.reason.converged,
        trace.reason.value,
    )


def non_negative_factorization(
    X: ArrayLike,
    W: ArrayLike | None = None,
    H: ArrayLike | None = None,
    n_components: int | str | None = "auto",
    *,
    init: str | None = None,
    update_H: bool = True,
    solver: str = "cd",
    beta_loss: float | str = "frobenius",
    tol: float = 1e-4,
    max_iter: int = 200,
    alpha_W: float = 0.0,
    alpha_H: float | str = "same",
    l1_ratio: float = 0.0,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
    shuffle: bool = False,
) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Factorise X, with the signature and the return of `sklearn.decomposition.non_negative_factorization`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Non-negative data.
    W, H : array-like, default=None
        Start for ``init="custom"``; with ``update_H=False`` H is held and W is solved for it.
    n_components : int, "auto" or None, default="auto"
        Number of components.
    init : {None, "random", "nndsvd", "nndsvda", "nndsvdar", "custom"}, default=None
        Where to start.
    update_H : bool, default=True
        Whether to learn H too. False: each row of W is the exact minimiser for the given H.
    solver : {"cd", "mu"}, default="cd"
        Coordinate descent, or multiplicative updates.
    beta_loss : {"frobenius"} or 2, default="frobenius"
        The loss.
    tol : float, default=1e-4
        See `factorize`.
    max_iter : int, default=200
        Most iterations.
    alpha_W, alpha_H : float, default=0.0 and "same"
        Strength of the penalties on W and on H.
    l1_ratio : float in [0, 1], default=0.0
        Share of the L1 penalty.
    random_state : int, RandomState or None, default=None
        Seed.
    verbose : int, default=0
        Whether to print the objective of each iteration.
    shuffle : bool, default=False
        Accepted for compatibility: the order of coordinates is fixed.

    Returns
    -------
    W : ndarray of shape (n_samples, n_components)
        Weights.
    H : ndarray of shape (n_components, n_features)
        Components.
    n_iter : int
        Number of iterations.

    Raises
    ------
    TypeError
        As `factorize`.
    ValueError
        As `factorize`.

    Examples
    --------
    >>> import numpy as np
    >>> from nmfcore import non_negative_factorization
    >>> X = np.outer([1.0, 2.0, 3.0], [4.0, 5.0])
    >>> W, H, n_iter = non_negative_factorization(X, n_components=1)
    >>> bool(np.allclose(W @ H, X))
    True
    """
    if update_H:
        result = factorize(
            X,
            n_components,
            W=W,
            H=H,
            init=init,
            solver=solver,
            beta_loss=beta_loss,
            alpha_W=alpha_W,
            alpha_H=alpha_H,
            l1_ratio=l1_ratio,
            tol=tol,
            max_iter=max_iter,
            random_state=random_state,
            verbose=verbose,
        )
        return result.W, result.H, result.n_iter
    A = as_matrix(X)
    check_choice(solver, "solver", tuple(SOLVERS))
    beta_loss_name(beta_loss)
    if W is not None:
        warnings.warn("When update_H=False, the provided initial W is not used.", RuntimeWarning, stacklevel=2)
    k = None if n_components in ("auto", None) else check_integer(n_components, "n_components", 1)
    components = check_factor(H, (k, A.shape[1]), "H", A)
    penalties = translate_penalties(A.shape, alpha_W, alpha_H, l1_ratio)
    return solve_weights(A, components, penalties), components, 1


def solve_weights(X: NDArray[Any], H: NDArray[Any], penalties: Penalties) -> NDArray[Any]:
    """Return W (n_samples, n_components), each row the exact minimiser of the objective at H for its row of X."""
    largest, square = check_values(X, "X")
    if largest == 0.0:
        return np.zeros((X.shape[0], H.shape[0]), X.dtype)
    problem = _scaled(X, penalties, largest, square)
    root = X.dtype.type(np.sqrt(problem.scale))
    H = np.ascontiguousarray(H * root)
    if tall.is_tall(X.shape, H.shape[0]):
        W = tall.solve_W(feature_major(problem.X), H, problem.penalties)
    else:
        W = alternating.solve_W(_contiguous(problem.X), H, problem.penalties)
    return W if problem.scale == 1.0 else W / root


def _solve_tall(
    problem: _Problem,
    k: int,
    start: tuple[NDArray, NDArray] | None,
    init: str | None,
    solver: str,
    rng: np.random.RandomState,
    *,
    tol: float,
    max_iter: int,
    verbose: int,
) -> Trace:
    X = feature_major(problem.X)
    penalties = problem.penalties
    if start is None:
        sample = np.ascontiguousarray(tall.sample_rows(X, _FIRST_SAMPLE, rng).T)
        _, H = INITS[init](sample, k, rng)
        for size in (_FIRST_SAMPLE, tall.SAMPLE):
            if size < X.shape[1]:
                H = tall.fit_on_sample(X, H, penalties, rng, size)
    else:
        H = start[1]
    state = tall.TallCoordinateDescent(X, H, penalties, rng, reference=problem.reference, tol=tol)
    first = state.loss if start is None else _value(problem, *start)
    return iterate(state, start=first, reference=problem.reference, tol=tol, max_iter=max_iter, verbose=verbose)


def _solve_alternating(
    problem: _Problem,
    k: int,
    start: tuple[NDArray, NDArray] | None,
    init: str | None,
    solver: str,
    rng: np.random.RandomState,
    *,
    tol: float,
    max_iter: int,
    verbose: int,
) -> Trace:
    X = _contiguous(problem.X)
    W, H = INITS[init](X, k, rng) if start is None else start
    state = alternating.Alternating(X, W, H, problem.penalties, SOLVERS[solver].update)
    return iterate(state, start=state.loss, reference=problem.reference, tol=tol, max_iter=max_iter, verbose=verbose)


def _value(problem: _Problem, W: NDArray, H: NDArray) -> float:
    return evaluate(problem.X, W, H) + problem.penalties.value_W(W) + problem.penalties.value_H(H)


def _solve_zeros(X: NDArray, k: int, start: tuple[NDArray, NDArray] | None, penalties: Penalties) -> Result:
    """Return W = 0 and H = 0, whose objective is 0, for X = 0."""
    W, H = np.zeros((X.shape[0], k), X.dtype), np.zeros((k, X.shape[1]), X.dtype)
    first = 0.0 if start is None else _value(_Problem(X, penalties, 0.0, 1.0), *start)
    return Result(W, H, np.array([first, 0.0]), 0.0, 1, True, Reason.SOLVED.value)


def _scaled(X: NDArray, penalties: Penalties, largest: float, square: float) -> _Problem:
    if _SMALLEST <= largest <= _LARGEST:
        return _Problem(X, penalties, square, 1.0)
    # A power of four, so that its root is exact too; denormals are beyond the range of its inverse.
    exponent = 2 * int(np.clip(np.round(-np.log2(largest) / 2), -63, 63))
    scale = 2.0**exponent
    scaled = X * X.dtype.type(scale)
    return _Problem(scaled, penalties.scaled(scale), square * scale**2, scale)


def _contiguous(X: NDArray) -> NDArray:
    return X if X.flags.c_contiguous or X.flags.f_contiguous else np.ascontiguousarray(X)


def _choose_init(init: str | None, k: int, shape: tuple[int, int]) -> str:
    if init is None:
        return "nndsvda" if k <= min(shape) else "random"
    if init != "random" and k > min(shape):
        raise ValueError(f"init = '{init}' can only be used when n_components <= min(n_samples, n_features)")
    return init


def _count_components(n_components: Any, W: ArrayLike | None, H: ArrayLike | None, X: NDArray) -> int:
    if n_components is None:
        return X.shape[1]
    if isinstance(n_components, str):
        check_choice(n_components, "n_components", ("auto",))
        for factor, axis in ((H, 0), (W, 1)):
            if np.ndim(factor) == 2:
                return np.shape(factor)[axis]
        return X.shape[1]
    return check_integer(n_components, "n_components", 1)
