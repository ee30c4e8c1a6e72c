"""The engine of this repository with its default settings."""

from __future__ import annotations

import warnings
from typing import Any

from numpy.typing import NDArray

from benchmarks.peers.peer import Fit, Peer


def fit(X: NDArray, n_components: int, max_iter: int | None = None) -> Fit:
    """Run `nmfcore.NMF` with its defaults and tol 1e-4."""
    from nmfcore import NMF

    settings: dict[str, Any] = {"n_components": n_components, "tol": 1e-4, "random_state": 0}
    if max_iter is not None:
        settings["max_iter"] = max_iter
    model = NMF(**settings)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Maximum number of iterations")
        W = model.fit_transform(X)
    return Fit(W, model.components_, model.n_iter_, model.loss_history_)


NMFCORE = Peer("nmfcore", "nmfcore", fit)
