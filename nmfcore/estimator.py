"""`NMF`: the factorization as a scikit-learn estimator. Parameter translation only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

__all__ = ["NMF"]

_DTYPES = [np.float64, np.float32]


class NMF(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Non-negative matrix factorization, X ~ W H.

    A drop-in for `sklearn.decomposition.NMF`: the same parameters, attributes and objective (`nmfcore.objective`).

    Parameters
    ----------
    n_components : int, "auto" or None, default="auto"
        Number of components. "auto": that of given W and H, else n_features. None: n_features.
    init : {None, "random", "nndsvd", "nndsvda", "nndsvdar", "custom"}, default=None
        Where to start. None: "nndsvda" if n_components <= min(n_samples, n_features), else "random".
    solver : {"cd", "mu"}, default="cd"
        Coordinate descent, or multiplicative updates.
    beta_loss : {"frobenius"} or 2, default="frobenius"
        The loss.
    tol : float, default=1e-4
        Stop when an iteration lowers sqrt(objective / objective of W = 0) by less than tol / 100. 0: never.
    max_iter : int, default=200
        Most iterations.
    random_state : int, RandomState or None, default=None
        Seed. A fixed one gives the same bits on every run and for every number of threads.
    alpha_W : float, default=0.0
        Strength of the penalty on W, multiplied by n_features.
    alpha_H : float or "same", default="same"
        Strength of the penalty on H, multiplied by n_samples. "same": alpha_W.
    l1_ratio : float in [0, 1], default=0.0
        Share of the L1 penalty; the rest is L2.
    verbose : int, default=0
        Whether to print the objective of each iteration.
    shuffle : bool, default=False
        Accepted for compatibility: the order of coordinates is fixed.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        H, in X's dtype.
    n_components_ : int
        Number of components.
    n_features_in_ : int
        Number of features seen in fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had any.
    reconstruction_err_ : float
        ``|X - WH|_F``, without the penalties.
    loss_history_ : ndarray of float64, shape (n_iter_ + 1,)
        Objective at the start and after every iteration; never rises.
    n_iter_ : int
        Number of iterations.
    converged_ : bool
        Whether the fit stopped for another reason than max_iter.

    See Also
    --------
    factorize : The same as a function.

    Notes
    -----
    `transform` solves each row exactly, and ``fit_transform(X)`` is ``fit(X).transform(X)``.

    Examples
    --------
    >>> import numpy as np
    >>> from nmfcore import NMF
    >>> X = np.random.default_rng(0).random((100, 5))
    >>> model = NMF(3, random_state=0)
    >>> W = model.fit_transform(X)
    >>> W.shape, model.components_.shape
    ((100, 3), (3, 5))
    >>> bool(np.all(np.diff(model.loss_history_) <= 0))
    True
    """

    def __init__(
        self,
        n_components: int | str | None = "auto",
        *,
        init: str | None = None,
        solver: str = "cd",
        beta_loss: float | str = "frobenius",
        tol: float = 1e-4,
        max_iter: int = 200,
        random_state: int | np.random.RandomState | None = None,
        alpha_W: float = 0.0,
        alpha_H: float | str = "same",
        l1_ratio: float = 0.0,
        verbose: int = 0,
        shuffle: bool = False,
    ) -> None:
        self.n_components = n_components
        self.init = init
        self.solver = solver
        self.beta_loss = beta_loss
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.alpha_W = alpha_W
        self.alpha_H = alpha_H
        self.l1_ratio = l1_ratio
        self.verbose = verbose
        self.shuffle = shuffle

    def fit(self, X: ArrayLike, y: Any = None, W: ArrayLike | None = None, H: ArrayLike | None = None) -> NMF:
        """Learn the components of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Non-negative data.
        y : Ignored
            Present by convention.
        W, H : array-like, default=None
            Start for ``init="custom"``.

        Returns
        -------
        NMF
            The estimator itself.

        Raises
        ------
        TypeError
            As `factorize`.
        ValueError
            As `factorize`.

        Examples
        --------
        >>> import numpy as np
        >>> from nmfcore import NMF
        >>> NMF(1).fit(np.outer([1.0, 2.0], [3.0, 4.0])).components_.shape
        (1, 2)
        """
        self.fit_transform(X, W=W, H=H)
        return self

    def fit_transform(
        self, X: ArrayLike, y: Any = None, W: ArrayLike | None = None, H: ArrayLike | None = None
    ) -> NDArray[Any]:
        """Learn the components of X and return its weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Non-negative data.
        y : Ignored
            Present by convention.
        W, H : array-like, default=None
            Start for ``init="custom"``.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            W.

        Raises
        ------
        TypeError
            As `factorize`.
        ValueError
            As `factorize`.

        Examples
        --------
        >>> import numpy as np
        >>> from nmfcore import NMF
        >>> NMF(1).fit_transform(np.outer([1.0, 2.0], [3.0, 4.0])).shape
        (2, 1)
        """
        # Not at the top: Numba takes a third of a second to load.
        from nmfcore.factorization import factorize

        X = validate_data(self, X, dtype=_DTYPES, ensure_all_finite=False)
        result = factorize(
            X,
            self.n_components,
            W=W,
            H=H,
            init=self.init,
            solver=self.solver,
            beta_loss=self.beta_loss,
            alpha_W=self.alpha_W,
            alpha_H=self.alpha_H,
            l1_ratio=self.l1_ratio,
            tol=self.tol,
            max_iter=self.max_iter,
            random_state=self.random_state,
            verbose=self.verbose,
        )
        self.components_ = result.H
        self.n_components_ = result.H.shape[0]
        self.loss_history_ = result.loss_history
        self.n_iter_ = result.n_iter
        self.converged_ = result.converged
        self.reconstruction_err_ = result.reconstruction_err
        return result.W

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Return the weights of X: for each row the exact minimiser of the objective at ``components_``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Non-negative data.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            W.

        Raises
        ------
        ValueError
            If X has another number of features than in fit, or a negative or non-finite entry.

        Examples
        --------
        >>> import numpy as np
        >>> from nmfcore import NMF
        >>> X = np.outer([1.0, 2.0], [3.0, 4.0])
        >>> model = NMF(1).fit(X)
        >>> bool(np.allclose(model.transform(2 * X), 2 * model.transform(X)))
        True
        """
        from nmfcore.factorization import solve_weights
        from nmfcore.objectives import translate_penalties

        check_is_fitted(self)
        X = validate_data(self, X, dtype=_DTYPES, ensure_all_finite=False, reset=False)
        penalties = translate_penalties(X.shape, self.alpha_W, self.alpha_H, self.l1_ratio)
        return solve_weights(X, self.components_.astype(X.dtype, copy=False), penalties)

    def inverse_transform(self, X: ArrayLike) -> NDArray[Any]:
        """Return the data that the weights stand for, W H.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Weights, W.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            W H.

        Examples
        --------
        >>> import numpy as np
        >>> from nmfcore import NMF
        >>> X = np.outer([1.0, 2.0], [3.0, 4.0])
        >>> model = NMF(1)
        >>> bool(np.allclose(model.inverse_transform(model.fit_transform(X)), X))
        True
        """
        check_is_fitted(self)
        W = check_array(X, dtype=_DTYPES)
        return W @ self.components_

    @property
    def _n_features_out(self) -> int:
        return self.components_.shape[0]

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's description of the estimator."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
