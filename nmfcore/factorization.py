"""The functional core: `factorize`."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from nmfcore.data import Data
from nmfcore.init import INITS
from nmfcore.iterate import Limits, Lowest, Progress, Solver, Trace, iterate
from nmfcore.objectives import translate_penalties
from nmfcore.passes import BLAS_ALONE
from nmfcore.penalties import Penalties, Penalty
from nmfcore.problem import Problem, beta_of, choose_scale, make_problem
from nmfcore.solvers import SOLVERS, check_supported, compressed_start, exact, single_precision_start, tall
from nmfcore.solvers.alternating import Alternating
from nmfcore.solvers.multiplicative_descent import MultiplicativeDescent
from nmfcore.stopping import NEWTON, Reason
from nmfcore.validation import (
    as_dense_if_smaller,
    as_matrix,
    check_choice,
    check_factor,
    check_integer,
    check_mask,
    check_number,
    check_sample_weight,
    feature_major,
    hide_missing,
    split_masked,
)

__all__ = ["Result", "factorize", "solve_weights"]

# What may be unknown of X.
MISSING = ("error", "mask", "unstored")
# What zeros of the low-rank start become for multiplicative updates, as a part of the factor's largest entry.
_LIFT = 1e-6
_WITHOUT_CHANCE = (None, "nndsvd", "nndsvda")


@dataclass(frozen=True)
class Result:
    """A factorization and how it came about.

    Attributes
    ----------
    W : ndarray of shape (n_samples, n_components)
        Weights, in X's dtype.
    H : ndarray of shape (n_components, n_features)
        Components.
    loss_history : ndarray of float64, shape (n_iter + 1,)
        Objective at the start and after every iteration; never rises. The last entry is that of W and H in float64.
    reconstruction_err : float
        ``sqrt(2 D)`` with D the loss without penalties: ``|X - WH|_F`` for "frobenius".
    kkt : float
        How far (W, H) is from a stationary point: ``|projected gradient| |factor|``, summed over both factors, over the
        objective of W = 0 (of the mean of X, for other losses than "frobenius").
    n_iter : int
        Number of iterations.
    converged : bool
        Whether more iterations would not help.
    reason : str
        Why it stopped.
    """

    W: NDArray[Any]
    H: NDArray[Any]
    loss_history: NDArray[np.float64]
    reconstruction_err: float
    kkt: float
    n_iter: int
    converged: bool
    reason: str


@dataclass(frozen=True)
class _Start:
    """Where to start: given factors, or the name of an init; the fixed components lead H."""

    k: int
    init: str
    W: NDArray | None
    H: NDArray | None
    fixed: NDArray | None

    def scaled(self, problem: Problem) -> _Start:
        """Return the start for the scaled problem."""
        return replace(
            self, **{name: problem.scaled(F) for name in ("W", "H", "fixed") if (F := getattr(self, name)) is not None}
        )


def factorize(
    X: ArrayLike | sp.sparray | sp.spmatrix,
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
    smoothness_W: float = 0.0,
    grid_shape: tuple[int, int] | Sequence[tuple[int, int]] | None = None,
    graph: sp.sparray | sp.spmatrix | None = None,
    orthogonality_H: float = 0.0,
    penalties: Sequence[Penalty] = (),
    sum_to_one: bool = False,
    missing: str = "error",
    mask: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    fixed_components: ArrayLike | None = None,
    tol: float = 1e-4,
    max_iter: int = 200,
    time_limit: float | None = None,
    n_restarts: int = 1,
    callback: Callable[[Progress], object] | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> Result:
    """Factorise X into W H with non-negative entries, by lowering the value of `nmfcore.objective`.

    Parameters
    ----------
    X : array-like or sparse of shape (n_samples, n_features)
        Non-negative data. float32 is computed in float32, anything else in float64. Any memory layout; the fastest
        for tall data is column-major (one feature after the other), which is not copied. Sparse data stay sparse
        (see Notes).
    n_components : int, "auto" or None, default="auto"
        Number of components. "auto": that of the given W and H, else n_features. None: n_features.
    W : array-like of shape (n_samples, n_components), default=None
        Start for ``init="custom"``.
    H : array-like of shape (n_components, n_features), default=None
        Start for ``init="custom"``.
    init : {None, "random", "nndsvd", "nndsvda", "nndsvdar", "custom"}, default=None
        Where to start. None: "nndsvda", where components beyond the rank of X start at random; to ask for it or its
        relatives by name needs n_components <= min(n_samples, n_features). Except for "custom", the start is improved
        before the first iteration: for tall data (see Notes) of more than 4096 rows on a sample of them; without
        penalties and masks, for the Frobenius loss on a low-rank approximation of X, for other losses, where X is
        large, by up to max_iter updates in single precision.
    solver : {"cd", "mu"}, default="cd"
        Coordinate descent (Frobenius, Kullback-Leibler, Itakura-Saito), or multiplicative updates (every loss).
    beta_loss : {"frobenius", "kullback-leibler", "itakura-saito"} or float, default="frobenius"
        The loss.
    alpha_W, alpha_H : float, default=0.0 and "same"
        Strength of the penalties on W and on H, as in scikit-learn. "same": that of W.
    l1_ratio : float in [0, 1], default=0.0
        Fraction of the L1 penalty; the rest is L2.
    smoothness_W : float, default=0.0
        Strength of the spatial Laplacian on the columns of W; needs grid_shape or graph.
    grid_shape : (int, int) or list of such, default=None
        Height and width of the image whose pixels, row by row, are the samples; or of each of the stacked images.
    graph : sparse matrix of shape (n_samples, n_samples), default=None
        Symmetric non-negative adjacency of the samples, in place of grid_shape.
    orthogonality_H : float, default=0.0
        Strength of ``1/2 |HH' - I|^2``.
    penalties : sequence of Penalty, default=()
        Further penalties, as objects.
    sum_to_one : bool, default=False
        Whether every row of W sums to one: samples are mixtures of the components. A start is scaled to that first.
    missing : {"error", "mask", "unstored"}, default="error"
        What to do with NaN in X: refuse, or leave these entries out of the loss. "unstored": of a sparse X, what is not
        stored is unknown, and left out of the loss; a zero that is stored is known.
    mask : array-like or sparse of bool or float, shape (n_samples, n_features), default=None
        Which entries count, or the weight of each; the values of the others are not looked at.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each sample in the loss.
    fixed_components : array-like of shape (n_fixed, n_features), default=None
        Rows of H that are known: they stay as they are and come first; the rest is learnt.
    tol : float, default=1e-4
        Stop when an iteration lowers sqrt(objective / reference) by less than tol / 10, for the Newton steps of solver
        "cd" with other losses than "frobenius" by less than tol, where the reference is the objective of W = 0 (for
        other losses than "frobenius", of the mean of X). Of tall data, an iteration counts as as many as it takes time
        of: a step on a tenth of the rows takes a tenth. 0: never.
    max_iter : int, default=200
        Most iterations.
    time_limit : float, default=None
        Seconds after the call from which no further iteration begins, and nothing is solved to the end.
    n_restarts : int, default=1
        So many runs from different draws of random_state; the one with the lowest objective is returned. After the
        first, inits without chance give way to "random". time_limit is for all runs together.
    callback : callable, default=None
        Called with a `Progress` after each iteration; a true return value ends the run.
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
        If W or H has another dtype than X, or a parameter is of the wrong type.
    ValueError
        If X is empty, not 2-D, or has a negative or non-finite entry, a parameter is out of its range, or no update is
        known for a combination of solver, loss, penalties and data. The message names what was found.

    Warns
    -----
    ConvergenceWarning
        If max_iter was reached and tol is positive.
    RuntimeWarning
        If W or H is given without ``init="custom"``.
    UserWarning
        If exactly one factor is penalised by L1 or L2: the other grows as it shrinks, and nothing becomes sparse.

    Notes
    -----
    The objective never rises from one iteration to the next. Tall data, dense, n_samples at least 256 and
    4 n_features, n_features <= 1024, n_components <= 8, with solver "cd" and no penalties but L1 and L2, are factorised
    by passes in which every row of W is solved exactly; one pass reads X once and keeps nothing of its size but W.
    Sparse data of which a third and more is stored (a quarter in float32) are worked on as an array, which takes no
    more memory than their entries by rows and by columns, and have its bits.

    Examples
    --------
    >>> import numpy as np
    >>> from nmfcore import factorize
    >>> X = np.outer([1.0, 2.0, 3.0], [4.0, 5.0])
    >>> result = factorize(X, 1)
    >>> bool(np.allclose(result.W @ result.H, X))
    True
    """
    X, mask = split_masked(X, mask)
    A = as_matrix(X, missing=check_choice(missing, "missing", MISSING))
    check_choice(solver, "solver", SOLVERS)
    check_choice(init, "init", (None, *INITS, "custom"))
    limits = check_limits(tol, max_iter, time_limit, callback, verbose)
    strengths = translate_penalties(
        A.shape,
        alpha_W,
        alpha_H,
        l1_ratio,
        smoothness_W=smoothness_W,
        grid_shape=grid_shape,
        graph=graph,
        orthogonality_H=orthogonality_H,
        penalties=penalties,
        sum_to_one=check_choice(sum_to_one, "sum_to_one", (False, True)),
    )
    if not sum_to_one:
        warn_of_one_sided(alpha_W, alpha_H)
    if solver == "mu" and init == "nndsvd":
        warnings.warn(
            "The multiplicative update ('mu') solver cannot update zeros present in the initialization, and so leads "
            "to poorer results when used jointly with init='nndsvd'. You may try init='nndsvda' or init='nndsvdar' "
            "instead.",
            UserWarning,
            stacklevel=2,
        )
    warn_of_ignored_start(init, W, H)
    A, seen = hide_missing(A, check_mask(mask, A.shape), missing)
    if seen is None:
        # Zeros that are not stored count here as others do.
        A = as_dense_if_smaller(A)
    beta = beta_of(beta_loss)
    weights = check_sample_weight(sample_weight, A.shape[0])
    problem = make_problem(A, strengths, beta, mask=seen, sample_weight=weights)
    check_supported(solver, beta_loss, beta, problem.data)
    start = _check_start(A, n_components, W, H, init, fixed_components).scaled(problem)
    rng = check_random_state(random_state)
    runs = check_integer(n_restarts, "n_restarts", 1)
    if problem.largest == 0.0 and start.W is None:
        trace = _zero(problem, start)
    else:
        trace = run_best(
            lambda init: _run(problem, replace(start, init=init), solver, rng, limits),
            start.init,
            limits,
            runs if start.W is None else 1,
        )
    if not np.isfinite(trace.loss_history[-1]):
        raise ValueError(
            f"The objective for beta_loss = {beta_loss!r} is not finite: ratios of the entries of X, up to "
            f"{problem.largest:.3g}, to those of WH are beyond the range of {A.dtype}. Use float64, or raise the "
            "smallest entries of X."
        )
    if trace.reason is Reason.MAX_ITER and tol > 0:
        warn_of_max_iter(max_iter)
    return as_result(problem, trace)


def solve_weights(
    X: Any,
    H: NDArray[Any],
    *,
    beta_loss: float | str = "frobenius",
    alpha_W: float = 0.0,
    l1_ratio: float = 0.0,
    penalties: Sequence[Penalty] = (),
    sum_to_one: bool = False,
    missing: str = "error",
    mask: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    first_row: int = 0,
) -> NDArray[Any]:
    """Return W (n_samples, n_components), each row minimising the loss with L1 and L2 at H for its row of X.

    X is a matrix as `validation.as_matrix` returns it, its row 0 the user's row first_row. Exact for the Frobenius
    loss, to convergence for Kullback-Leibler, by multiplicative updates for the others.
    """
    strengths = translate_penalties(X.shape, alpha_W, 0.0, l1_ratio, penalties=penalties, sum_to_one=sum_to_one)
    strengths = strengths.per_sample()
    beta = beta_of(beta_loss)
    is_plain = mask is None and sample_weight is None and not sp.issparse(X)
    if beta == 2.0 and is_plain and tall.solves_rows(H, strengths, X.dtype):
        W, largest = tall.solve_unseen(X, H, strengths)
        # Zero has a W of its own, and what is neither small nor large nor wrong needs no second look.
        if largest > 0.0 and choose_scale(largest, strengths, X.dtype) == 1.0:
            return W
    A, seen = hide_missing(X, check_mask(mask, X.shape, is_learnt=False), missing, is_learnt=False)
    weights = check_sample_weight(sample_weight, A.shape[0])
    problem = make_problem(A, strengths, beta, mask=seen, sample_weight=weights, first_row=first_row)
    if problem.largest == 0.0:
        return np.full((A.shape[0], H.shape[0]), 1.0 / len(H) if sum_to_one else 0.0, A.dtype)
    H = np.ascontiguousarray(problem.scaled(H))
    with np.errstate(all="ignore"):
        return problem.unscaled(exact.solve_W(problem.data, H, problem.penalties, beta))


def as_result(problem: Problem, trace: Trace) -> Result:
    """Return what an iteration on the problem came to, in the user's own scale."""
    # What is lost there is below the smallest number of that scale.
    with np.errstate(under="ignore"):
        return Result(
            problem.unscaled(trace.W),
            problem.unscaled(trace.H),
            trace.loss_history / problem.gain,
            float(np.sqrt(2.0 * trace.distance) / np.sqrt(problem.scale) ** problem.beta),
            trace.residual / problem.reference if problem.reference > 0 else 0.0,
            trace.n_iter,
            trace.reason.converged,
            trace.reason.value,
        )


def check_limits(tol: Any, max_iter: Any, time_limit: Any, callback: Any, verbose: int) -> Limits:
    """Return when to stop, checked; time begins now."""
    return Limits(
        check_number(tol, "tol"),
        check_integer(max_iter, "max_iter", 1),
        None if time_limit is None else time.perf_counter() + check_number(time_limit, "time_limit"),
        callback,
        verbose,
    )


def warn_of_ignored_start(init: str | None, W: object, H: object) -> None:
    """Warn where W or H is given and not asked for."""
    if init != "custom" and (W is not None or H is not None):
        warnings.warn(
            "When init!='custom', provided W or H are ignored. Set init='custom' to use them as initialization.",
            RuntimeWarning,
            stacklevel=3,
        )


def warn_of_one_sided(alpha_W: object, alpha_H: object) -> None:
    """Warn where L1 or L2 is on one factor alone."""
    on_W, on_H = alpha_W != 0, (alpha_W if alpha_H == "same" else alpha_H) != 0
    if on_W != on_H:
        warnings.warn(
            f"Only one factor is penalised (alpha_W={alpha_W!r}, alpha_H={alpha_H!r}): it will shrink while the other "
            "grows, at the same product, and nothing becomes sparse or small. Penalise both.",
            UserWarning,
            stacklevel=3,
        )


def warn_of_max_iter(max_iter: int) -> None:
    """Warn that the iteration was cut short."""
    warnings.warn(
        f"Maximum number of iterations {max_iter} reached. Increase it to improve convergence.",
        ConvergenceWarning,
        stacklevel=3,
    )


def run_best(run: Callable[[str | None], Trace], init: str | None, limits: Limits, runs: int) -> Trace:
    """Return the run with the lowest objective, of those that begin before the deadline.

    run: takes an init. An init without chance has one start: other runs start at random.
    """
    best = run(init)
    if init in _WITHOUT_CHANCE:
        init = "random"
    for _ in range(runs - 1):
        if limits.seconds_left == 0.0:
            break
        best = min(best, run(init), key=lambda trace: float(trace.loss_history[-1]))
    return best


def _run(problem: Problem, start: _Start, solver: str, rng: np.random.RandomState, limits: Limits) -> Trace:
    is_tall = (
        solver == "cd" and start.fixed is None and tall.suits(problem.data, start.k, problem.penalties, problem.beta)
    )
    make = _start_tall if is_tall else _start_alternating
    # Once for the whole run: telling the library costs as much as a small product. A step that overflows is one that
    # rises, and is not taken.
    with BLAS_ALONE, np.errstate(all="ignore"):
        state, first = make(problem, start, solver, rng, limits)
        return iterate(
            state,
            Lowest(problem.measure, problem.reference),
            start=first,
            reference=problem.reference,
            may_vanish=problem.beta == 2.0 and start.fixed is None and not problem.penalties.none,
            scale=problem.scale,
            gain=problem.gain,
            limits=limits,
            n_updates=NEWTON if solver == "cd" and problem.beta != 2.0 else 1,
        )


def _start_tall(
    problem: Problem, start: _Start, solver: str, rng: np.random.RandomState, limits: Limits
) -> tuple[Solver, float]:
    X = feature_major(problem.data.X)
    penalties = problem.penalties
    settings: dict[str, Any] = {
        "reference": problem.reference,
        "tol": limits.tol,
        "sample_size": tall.sample_size(problem.data.shape),
    }
    if start.W is None or start.H is None:
        H = prepare_H(X, start.k, start.init, penalties, rng, limits.tol)
        state = tall.TallCoordinateDescent(X, H, penalties, rng, **settings)
        return state, state.loss
    given = Alternating(problem.data, start.W, start.H, penalties, 2.0, solver)
    state = tall.TallCoordinateDescent(X, start.H, penalties, rng, **settings)
    # Rows that are solved already, to within what X's precision allows, are better improved upon than solved again.
    return (state, given.loss) if state.loss < given.loss else (given, given.loss)


def prepare_H(X: Any, k: int, init: str, penalties: Penalties, rng: np.random.RandomState, tol: float) -> NDArray:
    """Return H (k, n) from an init and fits on samples of the feature-major X (n, m), an array or its blocks.

    Where the init sees every row, and nothing is penalised, the fit is one on a low-rank approximation of X.
    """
    n, m = X.shape
    sample = np.ascontiguousarray(tall.sample_rows(X, tall.FIRST_SAMPLE, rng).T)
    data = Data(sample)
    if m <= tall.FIRST_SAMPLE and penalties.none and compressed_start.is_suited(data, k, 2.0):
        reference = 0.5 * float(np.einsum("ij,ij->", sample, sample, dtype=np.float64))
        return compressed_start.start(data, k, init, reference, rng)[1]
    _, H = INITS[init](sample, k, rng, np.ones(len(sample), X.dtype))
    for size in (tall.first_sample_size(n), tall.sample_size((m, n))):
        if size < m:
            H = tall.fit_on_sample(X, H, penalties, rng, size, tol)
    return H


def _start_alternating(
    problem: Problem, start: _Start, solver: str, rng: np.random.RandomState, limits: Limits
) -> tuple[Alternating, float]:
    W, H, n_fixed = start.W, start.H, 0
    data, k = problem.data, start.k
    if W is None or H is None:
        unconstrained = start.fixed is None and problem.penalties.none
        if unconstrained and compressed_start.is_suited(data, k, problem.beta):
            W, H = compressed_start.start(data, k, start.init, problem.reference, rng)
            if solver == "mu":
                # Products leave a zero where it is.
                W, H = (np.maximum(F, data.dtype.type(_LIFT) * F.max()) for F in (W, H))
        elif unconstrained:
            settings = (problem.beta, problem.reference, rng, limits)
            W, H = single_precision_start.start(data, k, start.init, *settings)
        else:
            W, H = INITS[start.init](data.canonical, k, rng, data.rows.row_weight)
    if start.fixed is not None:
        n_fixed = len(start.fixed)
        H = np.concatenate([start.fixed, H[n_fixed:]])
    # Extrapolation lets the two scales drift apart; a start of the user's own keeps to its scale as far as it goes.
    balanced = start.W is None and solver == "cd"
    make = MultiplicativeDescent if solver == "mu" else Alternating
    state = make(data, W, H, problem.penalties, problem.beta, solver, n_fixed, balanced=balanced)
    # Where an update would divide by a product of 0, a given start is lifted off it, which lowers the objective.
    first = problem.measure(W, H)[0] if start.W is not None and state.floor > 0.0 else np.inf
    return state, first if np.isfinite(first) else state.loss


def _zero(problem: Problem, start: _Start) -> Trace:
    """Return W = 0, and H = 0 but for its fixed rows, for X = 0."""
    data, k = problem.data, start.k
    W, H = np.zeros((data.shape[0], k), data.dtype), np.zeros((k, data.shape[1]), data.dtype)
    if start.fixed is not None:
        H[: len(start.fixed)] = start.fixed
    W += (problem.penalties.terms("W", W, H).total or 0.0) / k
    loss, distance = problem.measure(W, H)
    return Trace(W, H, distance, 0.0, np.array([loss, loss]), 1, Reason.SOLVED)


def _check_start(
    X: Any, n_components: Any, W: Any, H: Any, init: str | None, fixed_components: ArrayLike | None
) -> _Start:
    custom = init == "custom"
    k = count_components(n_components, W if custom else None, H if custom else None, X)
    fixed = None
    if fixed_components is not None:
        known = np.asarray(fixed_components)
        # What is known needs no type of its own: integers, lists and float64 are taken as they come.
        known = known.astype(X.dtype) if known.dtype.kind in "biuf" else known
        fixed = check_factor(known, (None, X.shape[1]), "fixed_components", X)
        if len(fixed) > k:
            raise ValueError(f"n_components={k} is smaller than the number of fixed_components, {len(fixed)}.")
    if custom:
        given_W = check_factor(W, (X.shape[0], k), "W", X)
        given_H = check_factor(H, (k, X.shape[1]), "H", X)
        return _Start(k, "custom", given_W, given_H, fixed)
    if init is None:
        init = "nndsvda"
    elif init != "random" and k > min(X.shape):
        raise ValueError(f"init = '{init}' can only be used when n_components <= min(n_samples, n_features)")
    return _Start(k, init, None, None, fixed)


def count_components(n_components: Any, W: ArrayLike | None, H: ArrayLike | None, X: Any) -> int:
    if n_components is None:
        return X.shape[1]
    if isinstance(n_components, str):
        check_choice(n_components, "n_components", ("auto",))
        for factor, axis in ((H, 0), (W, 1)):
            if factor is not None and np.ndim(factor) == 2:
                return np.shape(factor)[axis]
        return X.shape[1]
    return check_integer(n_components, "n_components", 1)
