"""How many components: held-out error, stability over restarts, and the objective, for each k."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from nmfcore.data import Data
from nmfcore.factorization import MISSING, factorize, solve_weights
from nmfcore.losses import beta_divergence
from nmfcore.matching import match
from nmfcore.problem import beta_of
from nmfcore.validation import as_matrix, check_choice, check_integer, check_number, hide_missing

__all__ = ["RankSelection", "select_rank"]

_SHARE_OF_BLOCK = 1 / 3


@dataclass(frozen=True, eq=False, repr=False)
class RankSelection:
    """A table with a row for each number of components.

    Attributes
    ----------
    k : ndarray of int64, shape (n_ks,)
        Numbers of components, ascending.
    error : ndarray of float64, shape (n_ks,)
        Mean loss of an entry that was held out.
    standard_error : ndarray of float64, shape (n_ks,)
        Of ``error``, over the splits.
    errors : ndarray of float64, shape (n_ks, n_splits)
        The same for each split.
    stability : ndarray of float64, shape (n_ks,)
        Mean cosine between the matched components of two restarts: 1 where all find the same.
    objective : ndarray of float64, shape (n_ks,)
        Lowest objective of the restarts, which hold nothing out.
    best : int
        The smallest k whose error is not larger than the least by more than the standard error of the difference.
    n_samples : int
        So many rows of X were used.
    """

    k: NDArray[np.int64]
    error: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    errors: NDArray[np.float64]
    stability: NDArray[np.float64]
    objective: NDArray[np.float64]
    best: int
    n_samples: int

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns as lists, as `pandas.DataFrame` and `json.dump` take them.

        Returns
        -------
        dict of str to list
            "k", "error", "standard_error", "stability", "objective".

        Examples
        --------
        >>> import numpy as np
        >>> from nmfcore import select_rank
        >>> X = np.random.default_rng(0).random((20, 6))
        >>> select_rank(X, [1, 2], random_state=0).to_dict()["k"]
        [1, 2]
        """
        names = ("k", "error", "standard_error", "stability", "objective")
        return {name: getattr(self, name).tolist() for name in names}

    def __repr__(self) -> str:
        columns = self.to_dict()
        lines = ["     k  held-out error  standard error  stability     objective"]
        for k, error, spread, stability, objective in zip(*columns.values(), strict=True):
            mark = "*" if k == self.best else " "
            lines.append(f"{mark} {k:4d}  {error:14.5g}  {spread:14.3g}  {stability:9.3f}  {objective:12.5g}")
        lines.append(f"* best; from {self.n_samples} samples")
        return "\n".join(lines)


def select_rank(
    X: ArrayLike | sp.sparray | sp.spmatrix,
    ks: Iterable[int],
    *,
    solver: str = "cd",
    beta_loss: float | str = "frobenius",
    alpha_W: float = 0.0,
    alpha_H: float | str = "same",
    l1_ratio: float = 0.0,
    missing: str = "error",
    holdout: float = 0.1,
    n_splits: int = 5,
    n_restarts: int = 4,
    max_samples: int = 1000,
    tol: float = 1e-4,
    max_iter: int = 500,
    random_state: int | np.random.RandomState | None = None,
) -> RankSelection:
    r"""Compare numbers of components by the error on entries that a fit has not seen, and by their stability.

    With E the held-out entries of a split, :math:`W_E H_E` fitted to the others, and d the loss of an entry,

    .. math::

        \mathrm{error}(k) = \frac{1}{|E|} \sum_{(i, j) \in E} d(x_{ij} \mid (W_E H_E)_{ij}),
        \qquad
        \mathrm{stability}(k) = \left\langle \max_\pi \frac{1}{k} \sum_t \cos(h_t, h'_{\pi(t)}) \right\rangle

    where the mean is over pairs H, H' of restarts and :math:`\pi` over matchings of their rows. More components than
    the data have fit the noise: the training objective goes on falling (look for its elbow), the held-out error rises
    again, and restarts disagree.

    Parameters
    ----------
    X : array-like or sparse of shape (n_samples, n_features)
        Non-negative data.
    ks : iterable of int
        Numbers of components to compare, each at least 1.
    solver, beta_loss, alpha_W, alpha_H, l1_ratio, missing : optional
        As in `factorize`.
    holdout : float in (0, 0.5], default=0.1
        Fraction of the entries of each row that are held out, scattered at random (speckled) [1]_ [2]_. Sparse X whose
        zeros are known: not used, see Notes.
    n_splits : int, default=5
        So many times, at least 2; the same entries for every k.
    n_restarts : int, default=4
        Fits from random starts, at least 2: for the stability [3]_, and in every split, of which the fit with the
        lowest objective counts.
    max_samples : int, default=1000
        Where X has more rows, so many are drawn at random and all figures are of these.
    tol, max_iter : float and int, default=1e-4 and 500
        Of each fit, as in `factorize`; reaching max_iter does not warn.
    random_state : int, RandomState or None, default=None
        Seed of samples, splits and starts. A fixed seed gives the same table on every run.

    Returns
    -------
    RankSelection
        The table, whose ``best`` is the smallest k within one standard error of the least held-out error.

    Raises
    ------
    TypeError
        As `factorize`.
    ValueError
        If ks is empty or a parameter is out of its range; and as `factorize`.

    Notes
    -----
    Costs ``len(ks) * (n_splits + 1) * n_restarts`` fits. For beta <= 1, where a held-out count at a prediction of 0
    costs without bound, the prediction of an entry is mixed with the product of the means of its row and column, which
    counts as one more entry beside those that the row was fitted to.

    Held-out entries of sparse X would have to be distinguished from its zeros, one by one, which takes memory of the
    size of the dense matrix. There a third of the rows and a third of the columns are held out instead, and the block
    where they cross is predicted [1]_: from H of a fit to the remaining block the rows' weights are solved, from its W
    the columns of H.

    References
    ----------
    .. [1] Owen, Perry, "Bi-cross-validation of the SVD and the nonnegative matrix factorization", Ann. Appl. Stat.
       3(2), 2009, doi:10.1214/08-AOAS227, section 5; the speckled hold-out it compares with is Wold's, Technometrics
       20(4), 1978, doi:10.1080/00401706.1978.10489693.
    .. [2] Kanagal, Sindhwani, "Rank selection in low-rank matrix approximations: a study of cross-validation for NMFs",
       NIPS workshop on low-rank methods, 2010.
    .. [3] Brunet, Tamayo, Golub, Mesirov, PNAS 101(12), 2004, doi:10.1073/pnas.0308531101: agreement of restarts as a
       criterion, there of the clusters that W assigns, here of the components.

    Examples
    --------
    >>> import numpy as np
    >>> from nmfcore import select_rank
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((60, 3)) ** 3 @ rng.random((3, 15)) ** 3
    >>> X = np.abs(X + 0.01 * rng.standard_normal(X.shape))
    >>> select_rank(X, range(1, 6), random_state=0).best
    3
    """
    A = as_matrix(X, missing=check_choice(missing, "missing", MISSING))
    numbers = sorted({check_integer(k, "each of ks", 1) for k in ks})
    if not numbers:
        raise ValueError("ks is empty: give the numbers of components to compare.")
    fraction = check_number(holdout, "holdout", np.finfo(float).tiny, 0.5)
    check_integer(n_splits, "n_splits", 2)
    check_integer(n_restarts, "n_restarts", 2)
    rng = check_random_state(random_state)
    if A.shape[0] > check_integer(max_samples, "max_samples", 2):
        A = as_matrix(A[np.sort(rng.choice(A.shape[0], max_samples, replace=False))], missing=missing)
        if missing == "unstored":
            # Nothing is known of the other columns in these rows.
            A = A[:, np.unique(A.indices)]
    A, seen = hide_missing(A, None, missing)
    if seen is not None and sp.issparse(A):
        seen = sp.csr_array((seen, A.indices, A.indptr), shape=A.shape)
    splits = [_split(A, seen, fraction, rng) for _ in range(n_splits)]
    seeds = rng.randint(2**31 - 1, size=n_restarts)
    parameters: dict[str, Any] = {
        "solver": solver,
        "beta_loss": beta_loss,
        "alpha_W": alpha_W,
        "alpha_H": alpha_H,
        "l1_ratio": l1_ratio,
        "tol": tol,
        "max_iter": max_iter,
        "init": "random",
    }
    errors = np.empty((len(numbers), n_splits))
    stability, objective = np.empty(len(numbers)), np.empty(len(numbers))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for row, k in enumerate(numbers):
            restarts = [factorize(A, k, mask=seen, random_state=int(seed), **parameters) for seed in seeds]
            objective[row] = min(run.loss_history[-1] for run in restarts)
            stability[row] = np.mean([match(a.H, b.H)[1].mean() for a, b in combinations(restarts, 2)])
            for column, split in enumerate(splits):
                seeded = {"n_restarts": n_restarts, "random_state": int(seeds[0]), **parameters}
                errors[row, column] = split.error(A, k, seeded)
    return RankSelection(
        np.array(numbers, np.int64),
        errors.mean(axis=1),
        errors.std(axis=1, ddof=1) / np.sqrt(n_splits),
        errors,
        stability,
        objective,
        numbers[_smallest_as_good(errors)],
        A.shape[0],
    )


@dataclass(frozen=True)
class _Entries:
    """A split by entries: masks, dense or sparse, of those that are fitted and those that are held out."""

    fitted: Any
    hidden: Any

    def error(self, X: Any, k: int, parameters: dict[str, Any]) -> float:
        """Return the mean loss of a held-out entry."""
        result = factorize(X, k, mask=self.fitted, **parameters)
        beta = beta_of(parameters["beta_loss"])
        counts = self.fitted.sum(axis=1).reshape(-1, 1)
        shown, _ = hide_missing(X, self.fitted, "error")
        means = shown.sum(axis=1).reshape(-1, 1) / counts, shown.sum(axis=0) / self.fitted.sum(axis=0)
        factors = _hedged(result.W, result.H, *means, counts, beta)
        return (
            beta_divergence.value(Data(*hide_missing(X, self.hidden, "error")).rows, *factors, beta) / self.hidden.sum()
        )


@dataclass(frozen=True)
class _Block:
    """A split of a sparse matrix: rows and columns that are held out, the others."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    other_rows: NDArray[np.intp]
    other_columns: NDArray[np.intp]

    def error(self, X: sp.csr_array, k: int, parameters: dict[str, Any]) -> float:
        """Return the mean loss of an entry of the block where the held-out rows and columns cross."""
        loss = parameters["beta_loss"]
        result = factorize(_cut(X, self.other_rows, self.other_columns), k, **parameters)
        W = solve_weights(_cut(X, self.rows, self.other_columns), result.H, beta_loss=loss)
        Ht = solve_weights(
            as_matrix(_cut(X, self.other_rows, self.columns).T), np.ascontiguousarray(result.W.T), beta_loss=loss
        )
        block = Data(_cut(X, self.rows, self.columns))
        of_rows = X[self.rows][:, self.other_columns].mean(axis=1).reshape(-1, 1)
        of_columns = X[self.other_rows][:, self.columns].mean(axis=0)
        factors = _hedged(W, Ht.T, of_rows, of_columns, len(self.other_columns), beta_of(loss))
        return beta_divergence.value(block.rows, *factors, beta_of(loss)) / (len(self.rows) * len(self.columns))


def _hedged(
    W: NDArray[Any], H: NDArray[Any], of_rows: NDArray[Any], of_columns: NDArray[Any], counts: Any, beta: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return factors of the predictions where an entry of WH that is 0 is no prediction: for beta <= 1.

    There a held-out x costs without bound. As by Laplace's rule, the ``counts`` entries that a row was fitted to are
    joined by one that says nothing of the components: the product of the means of its row and column.
    """
    if beta > 1.0:
        return W, H
    fraction = 1.0 / (np.asarray(counts, np.float64) + 1.0)
    mean = max(float(of_rows.mean()), float(np.finfo(np.float64).tiny))
    left = np.hstack([(1.0 - fraction) * W, fraction * of_rows])
    return left.astype(W.dtype), np.vstack([H, of_columns[None] / mean]).astype(W.dtype)


def _cut(X: sp.csr_array, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> sp.csr_array:
    return as_matrix(X[rows][:, columns])


def _split(X: Any, seen: Any, fraction: float, rng: np.random.RandomState) -> _Entries | _Block:
    m, n = X.shape
    if sp.issparse(seen):
        return _split_stored(seen, fraction, rng)
    if sp.issparse(X):
        rows, columns = rng.permutation(m), rng.permutation(n)
        i, j = max(1, round(m * _SHARE_OF_BLOCK)), max(1, round(n * _SHARE_OF_BLOCK))
        return _Block(np.sort(rows[:i]), np.sort(columns[:j]), np.sort(rows[i:]), np.sort(columns[j:]))
    seen = np.ones((m, n), np.bool_) if seen is None else seen
    # Equally many in each row: a row that kept fewer entries than components would be fitted to nothing.
    wanted = np.floor(fraction * seen.sum(axis=1) + rng.random_sample(m))
    order = np.argsort(np.where(seen, rng.random_sample((m, n)), 2.0), axis=1)
    rank = np.argsort(order, axis=1)
    hidden = seen & (rank < np.minimum(wanted, seen.sum(axis=1) - 1)[:, None])
    hidden[:, ~(seen & ~hidden).any(axis=0)] = False
    if not hidden.any():
        raise ValueError(f"X {X.shape} is too small to hold out {fraction:g} of its entries.")
    return _Entries(seen & ~hidden, hidden)


def _split_stored(seen: sp.csr_array, fraction: float, rng: np.random.RandomState) -> _Entries:
    m, n = seen.shape
    counts = np.diff(seen.indptr)
    row = np.repeat(np.arange(m), counts)
    wanted = np.minimum(np.floor(fraction * counts + rng.random_sample(m)), counts - 1)
    rank = np.empty(seen.nnz, np.intp)
    rank[np.lexsort((rng.random_sample(seen.nnz), row))] = np.arange(seen.nnz) - seen.indptr[row]
    hidden = rank < wanted[row]
    hidden &= np.bincount(seen.indices[~hidden], minlength=n)[seen.indices] > 0
    if not hidden.any():
        raise ValueError(f"X {seen.shape} knows too few entries, {seen.nnz}, to hold out {fraction:g} of them.")
    at = (row, seen.indices)
    masks = (
        sp.csr_array((np.ones(part.sum()), (at[0][part], at[1][part])), shape=(m, n)) for part in (~hidden, hidden)
    )
    return _Entries(*masks)


def _smallest_as_good(errors: NDArray[np.float64]) -> int:
    """Return the first row whose mean is not above the least by more than the standard error of their difference."""
    least = int(np.argmin(errors.mean(axis=1)))
    # Each split is the same for every k, so what its entries have in common cancels.
    difference = errors - errors[least]
    spread = difference.std(axis=1, ddof=1) / np.sqrt(errors.shape[1])
    return int(np.flatnonzero(difference.mean(axis=1) <= spread)[0])
