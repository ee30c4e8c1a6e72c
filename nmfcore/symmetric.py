"""`factorize_symmetric`: a symmetric matrix as the product of one factor with its transpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from nmfcore.factorization import Result, as_result, check_limits, run_best, warn_of_max_iter
from nmfcore.init import INITS
from nmfcore.iterate import Limits, Lowest, Progress, Trace, iterate
from nmfcore.objectives import translate_penalties
from nmfcore.passes import BLAS_ALONE
from nmfcore.problem import Problem, make_problem
from nmfcore.solvers.symmetric import SymmetricDescent, best_scale
from nmfcore.stopping import Reason
from nmfcore.validation import as_matrix, check_choice, check_factor, check_integer

__all__ = ["factorize_symmetric"]

# What rounding may do to entries that were computed twice, in units of their last digit.
_DIGITS = 64


def factorize_symmetric(
    X: ArrayLike | sp.sparray | sp.spmatrix,
    n_components: int,
    *,
    W: ArrayLike | None = None,
    init: str | None = None,
    alpha_W: float = 0.0,
    l1_ratio: float = 0.0,
    tol: float = 1e-4,
    max_iter: int = 200,
    time_limit: float | None = None,
    n_restarts: int = 1,
    callback: Callable[[Progress], object] | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> Result:
    r"""Factorise a symmetric X into WW' with a non-negative W: groups in a graph or a matrix of similarities.

    Minimises `nmfcore.objective` at (W, W'),

    .. math::

        \tfrac{1}{2} \|X - W W^\top\|_F^2
        + 2 \alpha_W n \left( \rho \|W\|_1 + \tfrac{1}{2} (1 - \rho) \|W\|_F^2 \right),

    with n the number of samples and :math:`\rho` = l1_ratio, by coordinate descent: every entry of W moves to the
    minimiser of a quartic [1]_.

    Parameters
    ----------
    X : array-like or sparse of shape (n_samples, n_samples)
        Symmetric, non-negative: an adjacency, a matrix of similarities. Sparse X stays sparse.
    n_components : int
        Number of components, at least 1.
    W : array-like of shape (n_samples, n_components), default=None
        Start for ``init="custom"``.
    init : {None, "random", "nndsvd", "nndsvda", "nndsvdar", "custom"}, default=None
        Where to start. None: "nndsvda", or "random" where there are more components than samples.
    alpha_W : float, default=0.0
        Strength of the penalty on both factors, as in `factorize`.
    l1_ratio : float in [0, 1], default=0.0
        Fraction of the L1 penalty; the rest is L2.
    tol, max_iter, time_limit, n_restarts, callback, random_state, verbose : optional
        As in `factorize`.

    Returns
    -------
    Result
        Factors and history, its H the transpose of W.

    Raises
    ------
    TypeError
        If W has another dtype than X, or a parameter is of the wrong type.
    ValueError
        If X is not symmetric, which names the entry, has a negative or non-finite entry, or a parameter is out of its
        range.

    Warns
    -----
    ConvergenceWarning
        If max_iter was reached and tol is positive.

    Notes
    -----
    The objective never rises. A sweep takes the time of XW, O(n_stored k) for sparse X, and O(n k^2) more; the
    objective is measured once a sweep. On one thread, so the same bits whatever their number.

    Sample i belongs to the components with large entries in row i of W. The diagonal of X counts like any other entry.

    References
    ----------
    .. [1] Vandaele, Gillis, Lei, Zhong, Dhillon, IEEE Trans. Signal Process. 64(21), 2016,
       doi:10.1109/TSP.2016.2591510, section III.
    .. [2] Kuang, Ding, Park, "Symmetric nonnegative matrix factorization for graph clustering", SDM 2012,
       doi:10.1137/1.9781611972825.10.

    Examples
    --------
    Two groups that do not know each other:

    >>> import numpy as np
    >>> from nmfcore import factorize_symmetric
    >>> X = np.zeros((5, 5))
    >>> X[:2, :2] = X[2:, 2:] = 1
    >>> W = factorize_symmetric(X, 2, random_state=0).W
    >>> bool(np.allclose(W @ W.T, X, atol=1e-3)), W.argmax(axis=1).tolist()
    (True, [1, 1, 0, 0, 0])
    """
    A = as_matrix(X)
    _check_symmetric(A)
    k = check_integer(n_components, "n_components", 1)
    check_choice(init, "init", (None, *INITS, "custom"))
    limits = check_limits(tol, max_iter, time_limit, callback, verbose)
    runs = check_integer(n_restarts, "n_restarts", 1)
    problem = make_problem(A, translate_penalties(A.shape, alpha_W, "same", l1_ratio), 2.0)
    given = None
    if init == "custom":
        given, runs = problem.scaled(check_factor(W, (A.shape[0], k), "W", A)), 1
    elif W is not None:
        raise ValueError("W is given, but init is not 'custom'.")
    rng = check_random_state(random_state)
    if problem.largest == 0.0 and given is None:
        zero = np.zeros((A.shape[0], k), A.dtype)
        trace = Trace(zero, zero.T.copy(), 0.0, 0.0, np.zeros(2), 1, Reason.SOLVED)
    else:
        trace = run_best(lambda init: _run(problem, k, init, given, rng, limits), init, limits, runs)
    if trace.reason is Reason.MAX_ITER and tol > 0:
        warn_of_max_iter(max_iter)
    return as_result(problem, trace)


def _run(
    problem: Problem, k: int, init: str | None, given: NDArray | None, rng: np.random.RandomState, limits: Limits
) -> Trace:
    data = problem.data
    with BLAS_ALONE, np.errstate(all="ignore"):
        start = given
        if start is None:
            name = init or ("nndsvda" if k <= data.shape[0] else "random")
            start = best_scale(problem, INITS[name](data.canonical, k, rng, data.rows.row_weight)[0])
        state = SymmetricDescent(problem, start)
        return iterate(
            state,
            Lowest(problem.measure, problem.reference),
            start=state.loss,
            reference=problem.reference,
            may_vanish=not problem.penalties.none,
            scale=problem.scale,
            gain=problem.gain,
            limits=limits,
        )


def _check_symmetric(X: Any) -> None:
    m, n = X.shape
    if m != n:
        raise ValueError(f"X must be symmetric, got {m} rows and {n} columns. For a matrix like this there is NMF.")
    # Entries that are not finite are named later.
    with np.errstate(invalid="ignore"):
        difference = abs(X - X.T)
        wrong = difference > _DIGITS * np.finfo(X.dtype).eps * (abs(X) + abs(X.T))
    rows, columns = wrong.nonzero()
    if len(rows):
        i, j = int(rows[0]), int(columns[0])
        raise ValueError(
            f"X must be symmetric, but X[{i}, {j}] is {X[i, j]:.9g} and X[{j}, {i}] is {X[j, i]:.9g}. Where both are "
            "measurements of one number, pass (X + X.T) / 2; what is not symmetric is for NMF."
        )
