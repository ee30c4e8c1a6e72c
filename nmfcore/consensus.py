"""Components on which many restarts agree, and how far they do."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from nmfcore.factorization import factorize, solve_weights
from nmfcore.matching import match, unit_rows
from nmfcore.validation import as_matrix, check_integer

__all__ = ["Consensus", "find_consensus"]

_MATCHINGS = 20


@dataclass(frozen=True, eq=False)
class Consensus:
    """What restarts agree on.

    Attributes
    ----------
    W : ndarray of shape (n_samples, n_components)
        Weights solved for the components.
    components : ndarray of shape (n_components, n_features)
        Medians of the matched components of the restarts, at unit length, in the order of falling stability.
    stability : ndarray of float64, shape (n_components,)
        Mean cosine between a component and those of the restarts that match it: 1 where every restart finds the same.
    objective : ndarray of float64, shape (n_restarts,)
        Objective of each restart.
    """

    W: NDArray[Any]
    components: NDArray[Any]
    stability: NDArray[np.float64]
    objective: NDArray[np.float64]


def find_consensus(
    X: ArrayLike | sp.sparray | sp.spmatrix,
    n_components: int,
    *,
    n_restarts: int = 20,
    solver: str = "cd",
    beta_loss: float | str = "frobenius",
    alpha_W: float = 0.0,
    alpha_H: float | str = "same",
    l1_ratio: float = 0.0,
    tol: float = 1e-4,
    max_iter: int = 500,
    random_state: int | np.random.RandomState | None = None,
) -> Consensus:
    r"""Factorise X from many random starts, and return the components that the restarts have in common.

    The components of each restart, at unit length, are matched to those of the restart with the lowest objective, one
    to one, so that the sum of cosines is largest. A consensus component is the median of its matches, entry by entry,
    and what is matched is matched again to the medians until nothing changes [1]_:

    .. math::

        c_t = \operatorname{median}_r h^{(r)}_{\pi_r(t)}, \qquad
        \mathrm{stability}_t = \frac{1}{R} \sum_r \cos(c_t, h^{(r)}_{\pi_r(t)})

    Parameters
    ----------
    X : array-like or sparse of shape (n_samples, n_features)
        Non-negative data.
    n_components : int
        Number of components.
    n_restarts : int, default=20
        Number of restarts, at least 2.
    solver, beta_loss, alpha_W, alpha_H, l1_ratio : optional
        As in `factorize`.
    tol, max_iter : float and int, default=1e-4 and 500
        Of each restart, as in `factorize`; reaching max_iter does not warn.
    random_state : int, RandomState or None, default=None
        Seed of the starts. A fixed seed gives the same bits on every run.

    Returns
    -------
    Consensus
        Weights, components, their stability, and the objective of each restart.

    Raises
    ------
    TypeError
        As `factorize`.
    ValueError
        If n_components is below 1 or n_restarts below 2; and as `factorize`.

    Notes
    -----
    Costs n_restarts fits. A component of low stability is one that restarts do not agree on: fewer components may be
    enough, see `select_rank`.

    References
    ----------
    .. [1] Kotliar et al., "Identifying gene expression programs of cell-type identity and cellular activity with
       single-cell RNA-Seq", eLife 8, 2019, doi:10.7554/eLife.43803: medians of the components of many restarts, there
       of clusters by k-means, here of matches.

    Examples
    --------
    >>> import numpy as np
    >>> from nmfcore import find_consensus
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((60, 3)) ** 3 @ rng.random((3, 15)) ** 3
    >>> consensus = find_consensus(X, 3, n_restarts=5, random_state=0)
    >>> consensus.components.shape, bool(consensus.stability.min() > 0.9)
    ((3, 15), True)
    """
    A = as_matrix(X)
    k = check_integer(n_components, "n_components", 1)
    runs = check_integer(n_restarts, "n_restarts", 2)
    rng = check_random_state(random_state)
    settings: dict[str, Any] = {"beta_loss": beta_loss, "alpha_W": alpha_W, "l1_ratio": l1_ratio}
    results = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for seed in rng.randint(2**31 - 1, size=runs):
            results.append(
                factorize(
                    A,
                    k,
                    init="random",
                    solver=solver,
                    alpha_H=alpha_H,
                    tol=tol,
                    max_iter=max_iter,
                    random_state=int(seed),
                    **settings,
                )
            )
    objective = np.array([result.loss_history[-1] for result in results])
    found = np.stack([unit_rows(result.H) for result in results])
    components = found[np.argmin(objective)]
    order = None
    for _ in range(_MATCHINGS):
        pairs = [match(components, H) for H in found]
        before, order = order, np.stack([columns for columns, _ in pairs])
        if before is not None and np.array_equal(before, order):
            break
        components = unit_rows(np.median(np.take_along_axis(found, order[:, :, None], axis=1), axis=0))
    stability = np.mean([match(components, H)[1] for H in found], axis=0)
    falling = np.argsort(-stability, kind="stable")
    H = np.ascontiguousarray(components[falling], A.dtype)
    return Consensus(solve_weights(A, H, **settings), H, stability[falling], objective)
