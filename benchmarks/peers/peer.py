"""What a peer is: a package that factorises, called with settings that all peers share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits


@dataclass(frozen=True)
class Fit:
    """What a peer returned.

    Attributes
    ----------
    W : ndarray, shape (n_samples, n_components)
    H : ndarray, shape (n_components, n_features)
    iterations : int
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
        Fortran or C order of X.
    pool_threads : int or None
        Limit on the threads of BLAS and OpenMP; None leaves what the peer does by itself.
    """

    layout: str
    pool_threads: int | None = None

    def __str__(self) -> str:
        return self.layout + ("" if self.pool_threads is None else f", {self.pool_threads} BLAS thread")

    def arrange(self, X: NDArray) -> NDArray:
        """Return X in this layout, copied only where needed."""
        return np.asfortranarray(X) if self.layout == "feature-major" else np.ascontiguousarray(X)


BOTH_LAYOUTS = (Setting("feature-major"), Setting("sample-major"))


@dataclass(frozen=True)
class Peer:
    """A package, and how it is asked.

    Attributes
    ----------
    title : str
        As shown in reports, with the settings that matter.
    package : str
        Importable name; where it is missing the peer is skipped.
    fit : callable
        ``fit(X, n_components, max_iter) -> Fit``: one whole call, initialisation included. `max_iter` None asks for
        the peer's setting in the standing comparison.
    settings : tuple of Setting
        Those worth trying; the first is what a user gets who does not think about it.
    """

    title: str
    package: str
    fit: Callable[[NDArray, int, int | None], Fit]
    settings: tuple[Setting, ...] = BOTH_LAYOUTS

    def fit_as(self, setting: Setting, X: NDArray, n_components: int, max_iter: int | None = None) -> Fit:
        """Call `fit` on X, already arranged, with the threads of a setting."""
        with threadpool_limits(setting.pool_threads):
            return self.fit(X, n_components, max_iter)

    def reason_to_skip(self) -> str | None:
        """Say why this peer cannot run here; None where it can."""
        return None if find_spec(self.package) else f"{self.title}: package {self.package!r} is not installed"
