"""`NMF`: the factorization as a scikit-learn estimator. Parameter translation only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

if TYPE_CHECKING:
    from nmfcore.factorization import Result
    from nmfcore.iterate import Progress
    from nmfcore.penalties import Penalty
    from nmfcore.row_blocks import RowBlocks

__all__ = ["NMF"]

_DTYPES = [np.float64, np.float32]
_SPARSE = ("csr", "csc")


class NMF(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Non-negative matrix factorization, X ~ W H.

    A drop-in for `sklearn.decomposition.NMF`: the same parameters, attributes and objective (`nmfcore.objective`).

    Parameters
    ----------
    n_components : int, "auto" or None, default="auto"
        Number of components. "auto": that of given W and H, else n_features. None: n_features.
    init : {None, "random", "nndsvd", "nndsvda", "nndsvdar", "custom"}, default=None
        Where to start. None: "nndsvda", where components beyond the rank of X start at random. Of tall and of large
        data the start is refined on samples, except for "custom".
    solver : {"cd", "mu"}, default="cd"
        Coordinate descent (Frobenius, Kullback-Leibler, Itakura-Saito), or multiplicative updates (every loss).
    beta_loss : {"frobenius", "kullback-leibler", "itakura-saito"} or float, default="frobenius"
        The loss.
    tol : float, default=1e-4
        Stop when an iteration lowers sqrt(objective / reference) by less than tol / 10, for the Newton steps of solver
        "cd" with other losses than "frobenius" by less than tol, where the reference is the objective of W = 0 (for
        other losses than "frobenius", of the mean of X). 0: never.
    max_iter : int, default=200
        Most iterations.
    random_state : int, RandomState or None, default=None
        Seed. A fixed one gives the same bits on every run and for every number of threads.
    alpha_W : float, default=0.0
        Strength of the penalty on W, multiplied by n_features.
    alpha_H : float or "same", default="same"
        Strength of the penalty on H, multiplied by n_samples. "same": alpha_W.
    l1_ratio : float in [0, 1], default=0.0
        Fraction of the L1 penalty; the rest is L2.
    verbose : int, default=0
        Whether to print the objective of each iteration.
    shuffle : bool, default=False
        Accepted for compatibility: the order of coordinates is fixed.
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
    fixed_components : array-like of shape (n_fixed, n_features), default=None
        Rows of H that are known: they stay as they are and come first; the rest is learnt.
    time_limit : float, default=None
        Seconds after the call from which no further iteration begins, and nothing is solved to the end.
    n_restarts : int, default=1
        So many runs from different draws of random_state; the one with the lowest objective is kept.
    warm_start : bool, default=False
        Whether fit starts from the components of the last fit.
    forgetting : float, default=3.0
        How soon partial_fit forgets: with each batch, what earlier ones left is multiplied by (n_before / n_after) **
        forgetting, with n the samples seen. 0: never.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        H, in X's dtype.
    n_components_ : int
        Number of components.
    n_features_in_ : int
        Number of features seen in fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had any.
    reconstruction_err_ : float
        ``|X - WH|_F``, without the penalties.
    loss_history_ : ndarray of float64, shape (`n_iter_` + 1,)
        Objective at the start and after every iteration; never rises.
    kkt_ : float
        How far the factors are from a stationary point, relative to the objective of W = 0; see `Result`.
    n_iter_ : int
        Number of iterations.
    converged_ : bool
        Whether the fit stopped for another reason than max_iter.
    n_steps_ : int
        Number of batches that partial_fit has seen.

    See Also
    --------
    factorize : The same as a function.

    Notes
    -----
    `transform` minimises each row on its own: exactly for the Frobenius loss, to convergence for Kullback-Leibler, by
    multiplicative updates for the others. For the Frobenius loss ``fit_transform(X)`` is ``fit(X).transform(X)``, bit
    by bit, unless smoothness_W ties the rows of a fit together.

    X may be larger than memory: a `numpy.memmap` of more than 128 MiB, a dask.array whose chunks hold whole rows, or
    anything else that is not in memory and has shape, dtype and slices of rows, such as datasets of HDF5 and zarr.
    `fit` then holds some blocks of rows, 32,768 sampled ones and H, and reads X once for each iteration and twice
    before the first; `fit_transform` and `transform` return an array, for a dask.array a dask.array. Known for the
    Frobenius loss with L1 and L2, and H as a start; for anything else a memory map is read into memory, and other
    objects are refused. For tall X (see `factorize`) the result has the bits of that in memory, with a dask.array if
    its chunks have multiples of 8,192 rows.

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
        smoothness_W: float = 0.0,
        grid_shape: tuple[int, int] | Sequence[tuple[int, int]] | None = None,
        graph: Any = None,
        orthogonality_H: float = 0.0,
        penalties: Sequence[Penalty] = (),
        sum_to_one: bool = False,
        missing: str = "error",
        fixed_components: ArrayLike | None = None,
        time_limit: float | None = None,
        n_restarts: int = 1,
        warm_start: bool = False,
        forgetting: float = 3.0,
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
        self.smoothness_W = smoothness_W
        self.grid_shape = grid_shape
        self.graph = graph
        self.orthogonality_H = orthogonality_H
        self.penalties = penalties
        self.sum_to_one = sum_to_one
        self.missing = missing
        self.fixed_components = fixed_components
        self.time_limit = time_limit
        self.n_restarts = n_restarts
        self.warm_start = warm_start
        self.forgetting = forgetting

    def fit(
        self,
        X: Any,
        y: Any = None,
        W: ArrayLike | None = None,
        H: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        mask: ArrayLike | None = None,
        callback: Callable[[Progress], object] | None = None,
    ) -> NMF:
        """Learn the components of X.

        Parameters
        ----------
        X : array-like, sparse or dask.array of shape (n_samples, n_features)
            Non-negative data; see Notes of the class for data larger than memory.
        y : Ignored
            Present by convention.
        W, H : array-like, default=None
            Start for ``init="custom"``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.
        mask : array-like or sparse of bool or float, shape (n_samples, n_features), default=None
            Which entries of X count, or the weight of each; of a sparse mask those that it stores.
        callback : callable, default=None
            Called with a `Progress` after each iteration; a true return value ends the fit.

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
        blocks = self._open(X, W=W, sample_weight=sample_weight, mask=mask)
        if blocks is None:
            self.fit_transform(X, W=W, H=H, sample_weight=sample_weight, mask=mask, callback=callback)
        else:
            self._learn(blocks, H, callback)
        return self

    def fit_transform(
        self,
        X: Any,
        y: Any = None,
        W: ArrayLike | None = None,
        H: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        mask: ArrayLike | None = None,
        callback: Callable[[Progress], object] | None = None,
    ) -> NDArray[Any]:
        """Learn the components of X and return its weights.

        Parameters
        ----------
        X : array-like, sparse or dask.array of shape (n_samples, n_features)
            Non-negative data; see Notes of the class for data larger than memory.
        y : Ignored
            Present by convention.
        W, H : array-like, default=None
            Start for ``init="custom"``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss.
        mask : array-like or sparse of bool or float, shape (n_samples, n_features), default=None
            Which entries of X count, or the weight of each; of a sparse mask those that it stores.
        callback : callable, default=None
            Called with a `Progress` after each iteration; a true return value ends the fit.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            W; a dask.array for a dask.array.

        Raises
        ------
        TypeError
            As `factorize`.
        ValueError
            As `factorize`; or if a parameter is not handled for X that is read block by block.

        Examples
        --------
        >>> import numpy as np
        >>> from nmfcore import NMF
        >>> NMF(1).fit_transform(np.outer([1.0, 2.0], [3.0, 4.0])).shape
        (2, 1)
        """
        # Not at the top: Numba takes a third of a second to load.
        from nmfcore.factorization import factorize
        from nmfcore.validation import split_masked

        X, mask = split_masked(X, mask)
        blocks = self._open(X, W=W, sample_weight=sample_weight, mask=mask)
        if blocks is not None:
            self._learn(blocks, H, callback)
            return self._weights_of_blocks(blocks, None)
        previous = getattr(self, "components_", None) if self.warm_start else None
        X = validate_data(self, X, dtype=_DTYPES, accept_sparse=_SPARSE, ensure_all_finite=False)
        init, n_components = self.init, self.n_components
        if previous is not None and self._can_start_from(previous, X.shape[1]):
            components = previous.astype(X.dtype)
            init, n_components, H = "custom", len(components), components
            W = np.maximum(self._weights(X, components, mask, sample_weight), np.finfo(X.dtype).tiny)
        result = factorize(
            X,
            n_components,
            W=W,
            H=H,
            init=init,
            solver=self.solver,
            beta_loss=self.beta_loss,
            alpha_W=self.alpha_W,
            alpha_H=self.alpha_H,
            l1_ratio=self.l1_ratio,
            smoothness_W=self.smoothness_W,
            grid_shape=self.grid_shape,
            graph=self.graph,
            orthogonality_H=self.orthogonality_H,
            penalties=self.penalties,
            sum_to_one=self.sum_to_one,
            missing=self.missing,
            mask=mask,
            sample_weight=sample_weight,
            fixed_components=self.fixed_components,
            tol=self.tol,
            max_iter=self.max_iter,
            time_limit=self.time_limit,
            n_restarts=self.n_restarts,
            callback=callback,
            random_state=self.random_state,
            verbose=self.verbose,
        )
        self._keep(result)
        return result.W

    def _can_start_from(self, H: NDArray[Any], n_features: int) -> bool:
        """Whether H has as many rows and columns as are asked for now."""
        k = self.n_components
        return H.shape == (len(H) if k is None or isinstance(k, str) else k, n_features)

    def _keep(self, result: Result) -> None:
        self.components_ = result.H
        self.n_components_ = result.H.shape[0]
        self.loss_history_ = result.loss_history
        self.kkt_ = result.kkt
        self.n_iter_ = result.n_iter
        self.converged_ = result.converged
        self.reconstruction_err_ = result.reconstruction_err
        self._stream = None

    def _open(self, X: Any, **arguments: Any) -> RowBlocks | None:
        """Return X as blocks of rows where it is not in memory, and nothing is asked for that needs it there."""
        from nmfcore.out_of_core import as_blocks, find_unhandled

        blocks = as_blocks(X)
        unhandled = None if blocks is None else find_unhandled(self, **arguments)
        if unhandled is None:
            return blocks
        if isinstance(X, np.memmap):
            return None
        raise ValueError(
            f"{unhandled} is not handled for a {type(X).__module__}.{type(X).__qualname__}, whose rows are read block "
            "by block. Where there is memory for it, pass np.asarray(X)."
        )

    def _learn(self, blocks: RowBlocks, H: ArrayLike | None, callback: Callable[[Progress], object] | None) -> None:
        from nmfcore.out_of_core import learn

        previous = getattr(self, "components_", None) if self.warm_start else None
        validate_data(self, blocks, skip_check_array=True)
        init, n_components = self.init, self.n_components
        if previous is not None and self._can_start_from(previous, blocks.shape[1]):
            init, n_components, H = "custom", len(previous), previous.astype(blocks.dtype)
        result = learn(
            blocks,
            n_components,
            H=H,
            init=init,
            alpha_W=self.alpha_W,
            alpha_H=self.alpha_H,
            l1_ratio=self.l1_ratio,
            tol=self.tol,
            max_iter=self.max_iter,
            time_limit=self.time_limit,
            n_restarts=self.n_restarts,
            callback=callback,
            random_state=self.random_state,
            verbose=self.verbose,
        )
        self._keep(result)

    def _weights_of_blocks(self, blocks: RowBlocks, out: Any) -> Any:
        from nmfcore.out_of_core import weights

        return weights(blocks, self.components_.astype(blocks.dtype, copy=False), out, **self._settings())

    def _settings(self) -> dict[str, Any]:
        names = ("beta_loss", "alpha_W", "l1_ratio", "penalties", "sum_to_one", "missing")
        return {name: getattr(self, name) for name in names}

    def partial_fit(self, X: Any, y: Any = None) -> NMF:
        """Learn from one more batch of a stream, of which only sums are kept.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            Non-negative data; any number of samples.
        y : Ignored
            Present by convention.

        Returns
        -------
        NMF
            The estimator itself.

        Raises
        ------
        TypeError
            As `factorize`.
        ValueError
            If X has another number of features than the batches before, or a negative or non-finite entry; or if
            a parameter has no meaning for a stream: another beta_loss than "frobenius" and "kullback-leibler",
            smoothness_W, orthogonality_H, penalties, sum_to_one, missing. The message names it.

        Notes
        -----
        The first batch is factorised as by `fit`; after a `fit`, its components are the start. Each batch is
        then solved for its weights, and the components minimise a surrogate of the objective of all batches so
        far, which lies above it: by coordinate descent for the Frobenius loss [1]_, in closed form for
        Kullback-Leibler [2]_. Batches that come again and again lead to a local minimum of their objective.
        Takes O(m n k) time a batch and O(k (n + k)) memory besides it. Components that nothing has used yet
        take the sample that is fitted worst.

        References
        ----------
        .. [1] Mairal, Bach, Ponce, Sapiro, JMLR 11, 2010, https://jmlr.org/papers/v11/mairal10a.html, algorithm 2.
        .. [2] Lefevre, Bach, Fevotte, WASPAA 2011, doi:10.48550/arXiv.1106.4198, section 3.

        Examples
        --------
        >>> import numpy as np
        >>> from nmfcore import NMF
        >>> X = np.random.default_rng(0).random((100, 5))
        >>> model = NMF(3, random_state=0)
        >>> for batch in np.array_split(X, 4):
        ...     model = model.partial_fit(batch)
        >>> model.n_steps_, model.transform(X).shape
        (4, (100, 3))
        """
        from nmfcore.online import start_stream
        from nmfcore.validation import as_matrix

        H = getattr(self, "components_", None)
        X = validate_data(self, X, dtype=_DTYPES, accept_sparse=_SPARSE, ensure_all_finite=False, reset=H is None)
        stream = getattr(self, "_stream", None) or start_stream(self, X, H)
        stream.step(as_matrix(X))
        self._stream = stream
        self.components_ = stream.H.astype(X.dtype if H is None else H.dtype)
        self.n_components_ = self.components_.shape[0]
        self.n_steps_ = stream.n_steps
        return self

    def transform(
        self, X: Any, *, mask: ArrayLike | None = None, sample_weight: ArrayLike | None = None, out: Any = None
    ) -> Any:
        """Return the weights of X: for each row the minimiser of the objective at ``components_``.

        Parameters
        ----------
        X : array-like, sparse or dask.array of shape (n_samples, n_features)
            Non-negative data; see Notes of the class for data larger than memory.
        mask : array-like or sparse of bool or float, shape (n_samples, n_features), default=None
            Which entries of X count, or the weight of each; of a feature there need be none.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample in the loss, which matters where W is penalised: `fit_transform` with the same ones.
        out : array-like of shape (n_samples, n_components), default=None
            What the weights are written into, block by block for X larger than memory: a memory map, or anything else
            of floating-point numbers whose slices can be set. None: a new array.

        Returns
        -------
        ndarray, dask.array or out, of shape (n_samples, n_components)
            W. For a dask.array one that is computed when it is needed.

        Raises
        ------
        ValueError
            If X has another number of features than in fit, or a negative or non-finite entry; or if out is of another
            shape, not of floating-point numbers, or given with a dask.array.

        Examples
        --------
        >>> import numpy as np
        >>> from nmfcore import NMF
        >>> X = np.outer([1.0, 2.0], [3.0, 4.0])
        >>> model = NMF(1).fit(X)
        >>> bool(np.allclose(model.transform(2 * X), 2 * model.transform(X)))
        True
        """
        from nmfcore.out_of_core import as_blocks, check_out
        from nmfcore.validation import split_masked

        check_is_fitted(self)
        X, mask = split_masked(X, mask)
        blocks = as_blocks(X)
        is_plain = mask is None and sample_weight is None
        if blocks is not None and not is_plain and not isinstance(X, np.memmap):
            raise ValueError("mask and sample_weight are not handled for X that is read block by block.")
        if blocks is not None and is_plain:
            validate_data(self, blocks, skip_check_array=True, reset=False)
            return self._weights_of_blocks(blocks, out)
        X = validate_data(self, X, dtype=_DTYPES, accept_sparse=_SPARSE, ensure_all_finite=False, reset=False)
        if out is not None:
            check_out(out, (X.shape[0], len(self.components_)))
        W = self._weights(X, self.components_.astype(X.dtype, copy=False), mask, sample_weight)
        if out is None:
            return W
        out[:] = W
        return out

    def _weights(
        self, X: Any, H: NDArray[Any], mask: ArrayLike | None, sample_weight: ArrayLike | None
    ) -> NDArray[Any]:
        from nmfcore.factorization import solve_weights
        from nmfcore.validation import as_matrix

        return solve_weights(
            as_matrix(X, missing=self.missing), H, mask=mask, sample_weight=sample_weight, **self._settings()
        )

    def inverse_transform(self, X: ArrayLike) -> NDArray[Any]:
        """Return the data that the weights stand for, W H.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_components)
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
        W = check_array(X, dtype=_DTYPES, accept_sparse=_SPARSE)
        return W @ self.components_

    def score(
        self, X: Any, y: Any = None, *, mask: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return minus the mean loss of an entry of X, its weights solved for ``components_``; higher is better.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            Non-negative data, in memory.
        y : Ignored
            Present by convention.
        mask : array-like or sparse of bool or float, shape (n_samples, n_features), default=None
            Which entries of X count, or the weight of each; of a sparse mask those that it stores.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample.

        Returns
        -------
        float
            ``-D(X | W H) / n_entries``, with entries counted by their weights.

        Examples
        --------
        >>> import numpy as np
        >>> from nmfcore import NMF
        >>> X = np.random.default_rng(0).random((100, 5))
        >>> NMF(4, random_state=0).fit(X).score(X) > NMF(2, random_state=0).fit(X).score(X)
        True
        """
        loss, _, n_entries = self._losses(X, mask, sample_weight)
        return -loss / n_entries

    def explained_variance(
        self, X: Any, *, mask: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the fraction of the loss of the features' means that the components explain.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            Non-negative data, in memory.
        mask : array-like or sparse of bool or float, shape (n_samples, n_features), default=None
            Which entries of X count, or the weight of each; of a sparse mask those that it stores.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample.

        Returns
        -------
        float
            ``1 - D(X | W H) / D(X | means)``, with the mean of each feature: for the Frobenius loss the fraction of the
            variance, for the others the fraction of the deviance. 1: all; below 0: worse than the means; 1 too where X
            is its means and WH is X.

        Examples
        --------
        >>> import numpy as np
        >>> from nmfcore import NMF
        >>> X = np.outer([1.0, 2.0, 3.0], [4.0, 5.0])
        >>> round(NMF(1).fit(X).explained_variance(X), 6)
        1.0
        """
        loss, of_means, _ = self._losses(X, mask, sample_weight)
        return 1.0 - (loss / of_means if of_means > 0.0 else float(loss > 0.0))

    def _losses(self, X: Any, mask: ArrayLike | None, sample_weight: ArrayLike | None) -> tuple[float, float, float]:
        from nmfcore.scores import losses_of

        W = self.transform(X, mask=mask, sample_weight=sample_weight)
        return losses_of(X, W, self.components_, self.beta_loss, missing=self.missing, mask=mask, weight=sample_weight)

    @property
    def _n_features_out(self) -> int:
        return self.components_.shape[0]

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's description of the estimator."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.missing == "mask"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
