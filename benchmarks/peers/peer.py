"""What a peer is: a package that factorises, called with settings that all peers share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray


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
    """

    title: str
    package: str
    fit: Callable[[NDArray, int, int | None], Fit]

    def reason_to_skip(self) -> str | None:
        """Say why this peer cannot run here; None where it can."""
        return None if find_spec(self.package) else f"{self.title}: package {self.package!r} is not installed"
