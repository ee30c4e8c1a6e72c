"""What a peer is: a package that factorises, asked in one way that all peers share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

FROBENIUS, KULLBACK_LEIBLER, ITAKURA_SAITO = "frobenius", "kullback-leibler", "itakura-saito"
EVERY_LOSS = frozenset((FROBENIUS, KULLBACK_LEIBLER, ITAKURA_SAITO))


@dataclass(frozen=True)
class Job:
    """What a peer is asked for.

    Attributes
    ----------
    X : ndarray or sparse matrix of shape (n_samples, n_features)
    n_components : int
    beta_loss : {"frobenius", "kullback-leibler", "itakura-saito"}, default="frobenius"
    max_iter : int or None, default=None
        Most iterations, in the peer's own count; None: its cap in the standing comparison.
    stops : bool, default=True
        Whether the peer's own stopping rule is on. Off: so many iterations as `max_iter` says.
    seed : int, default=0
    """

    X: Any
    n_components: int
    beta_loss: str = FROBENIUS
    max_iter: int | None = None
    stops: bool = True
    seed: int = 0

    @property
    def beta(self) -> int:
        """The loss as the beta of the beta-divergence."""
        return {FROBENIUS: 2, KULLBACK_LEIBLER: 1, ITAKURA_SAITO: 0}[self.beta_loss]


@dataclass(frozen=True)
class Fit:
    """What a peer returned.

    Attributes
    ----------
    W : ndarray, shape (n_samples, n_components)
    H : ndarray, shape (n_components, n_features)
    iterations : int
        As the peer counts them; the limit where it does not say.
    loss_history : ndarray or None
        The peer's own record of its objective; None where it keeps none.
    """

    W: NDArray
    H: NDArray
    iterations: int
    loss_history: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Setting:
    """How a peer is given its matrix and its threads.

    Attributes
    ----------
    layout : {"feature-major", "sample-major"}
        Fortran or C order of X; a sparse X is handed over as it is.
    pool_threads : int or None
        Limit on the threads of BLAS and OpenMP; None leaves what the peer does by itself.
    """

    layout: str
    pool_threads: int | None = None

    def __str__(self) -> str:
        return self.layout + ("" if self.pool_threads is None else f", {self.pool_threads} BLAS thread")

    def arrange(self, X: Any) -> Any:
        """Return X in this layout, copied only where needed."""
        if sp.issparse(X):
            return X
        return np.asfortranarray(X) if self.layout == "feature-major" else np.ascontiguousarray(X)


BOTH_LAYOUTS = (Setting("sample-major"), Setting("feature-major"))


@dataclass(frozen=True)
class Peer:
    """A package, and how it is asked.

    Attributes
    ----------
    title : str
        As shown in reports, with the settings that matter.
    package : str
        Importable name; where it is missing the peer is skipped.
    distribution : str
        Name under which it is installed.
    fit : callable
        ``fit(job) -> Fit``: one whole call, initialisation included.
    max_iter : int
        Its cap in the standing comparison.
    fewest : int
        Fewest iterations it can be asked for.
    losses : frozenset of str
        Those it minimises.
    sparse : bool
        Whether it takes sparse matrices.
    dense : bool
        Whether it takes dense ones.
    settings : tuple of Setting
        Those worth trying; the first is what a user gets who does not think about it.
    hindrance : callable
        Says why the package cannot run here though it is installed; None where it can.
    """

    title: str
    package: str
    distribution: str
    fit: Callable[[Job], Fit]
    max_iter: int
    fewest: int = 1
    losses: frozenset[str] = frozenset((FROBENIUS,))
    sparse: bool = False
    dense: bool = True
    settings: tuple[Setting, ...] = BOTH_LAYOUTS
    hindrance: Callable[[], str | None] = lambda: None

    def fit_as(self, setting: Setting, job: Job) -> Fit:
        """Call `fit` with the threads of a setting; the job's X is arranged already."""
        with threadpool_limits(setting.pool_threads):
            return self.fit(job)

    def reason_to_skip(self) -> str | None:
        """Say why this peer cannot run here; None where it can."""
        if find_spec(self.package) is None:
            return f"{self.title}: package {self.package!r} is not installed"
        hindrance = self.hindrance()
        return None if hindrance is None else f"{self.title}: {hindrance}"

    def reason_to_refuse(self, beta_loss: str, is_sparse: bool) -> str | None:
        """Say why this peer cannot take a loss or a kind of matrix, without its title; None where it can."""
        if beta_loss not in self.losses:
            return f"cannot minimise {beta_loss}"
        if not (self.sparse if is_sparse else self.dense):
            return f"cannot take {'sparse' if is_sparse else 'dense'} matrices"
        return None
