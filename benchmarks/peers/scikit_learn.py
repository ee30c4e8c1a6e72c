"""scikit-learn's coordinate descent, the reference everybody has."""

from __future__ import annotations

import warnings
from typing import Any

from numpy.typing import NDArray

from benchmarks.peers.peer import Fit, Peer, Setting

MAX_ITER = 300


def fit(X: NDArray, n_components: int, max_iter: int | None = None) -> Fit:
    """Run `sklearn.decomposition.NMF` with solver "cd", init "nndsvda", tol 1e-4 and at most 300 iterations."""
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    settings: dict[str, Any] = {"solver": "cd", "init": "nndsvda", "tol": 1e-4, "random_state": 0}
    settings |= {"n_components": n_components, "max_iter": MAX_ITER if max_iter is None else max_iter}
    model = NMF(**settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        W = model.fit_transform(X)
    return Fit(W, model.components_, model.n_iter_)


# Its products with few columns can be slower on many BLAS threads than on one, so one is tried as well.
SETTINGS = (
    Setting("sample-major"),
    Setting("feature-major"),
    Setting("sample-major", 1),
    Setting("feature-major", 1),
)
SCIKIT_LEARN = Peer("scikit-learn cd", "sklearn", fit, SETTINGS)
