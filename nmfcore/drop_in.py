"""`non_negative_factorization`, with the signature and the return of scikit-learn's."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from nmfcore.factorization import factorize, solve_weights
from nmfcore.solvers import SOLVERS
from nmfcore.validation import as_matrix, check_choice, check_factor, check_integer

__all__ = ["non_negative_factorization"]


def non_negative_factorization(
    X: ArrayLike | sp.sparray | sp.spmatrix,
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
    X : array-like or sparse of shape (n_samples, n_features)
        Non-negative data.
    W, H : array-like, default=None
        Start for ``init="custom"``; with ``update_H=False`` H is fixed and W is solved for it.
    n_components : int, "auto" or None, default="auto"
        Number of components.
    init : {None, "random", "nndsvd", "nndsvda", "nndsvdar", "custom"}, default=None
        Where to start.
    update_H : bool, default=True
        Whether to learn H too. False: each row of W is the minimiser for the given H.
    solver : {"cd", "mu"}, default="cd"
        Coordinate descent, or multiplicative updates.
    beta_loss : {"frobenius", "kullback-leibler", "itakura-saito"} or float, default="frobenius"
        The loss.
    tol : float, default=1e-4
        See `factorize`.
    max_iter : int, default=200
        Most iterations.
    alpha_W, alpha_H : float, default=0.0 and "same"
        Strength of the penalties on W and on H.
    l1_ratio : float in [0, 1], default=0.0
        Fraction of the L1 penalty.
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
    check_choice(solver, "solver", SOLVERS)
    if W is not None:
        warnings.warn("When update_H=False, the provided initial W is not used.", RuntimeWarning, stacklevel=2)
    k = None if n_components in ("auto", None) else check_integer(n_components, "n_components", 1)
    components = check_factor(H, (k, A.shape[1]), "H", A, is_start=False)
    return solve_weights(A, components, beta_loss=beta_loss, alpha_W=alpha_W, l1_ratio=l1_ratio), components, 1
