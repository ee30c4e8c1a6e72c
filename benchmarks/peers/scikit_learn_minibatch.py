"""scikit-learn's mini-batch multiplicative updates."""

from __future__ import annotations

import warnings
from typing import Any

from benchmarks.peers.peer import EVERY_LOSS, Fit, Job, Peer

MAX_ITER = 200


def fit(job: Job) -> Fit:
    """Run `sklearn.decomposition.MiniBatchNMF` with its defaults; an iteration is a walk over all of X."""
    from sklearn.decomposition import MiniBatchNMF
    from sklearn.exceptions import ConvergenceWarning

    never: dict[str, Any] = {} if job.stops else {"tol": 0.0, "max_no_improvement": None}
    model = MiniBatchNMF(
        job.n_components,
        init="nndsvda",
        beta_loss=job.beta_loss,
        max_iter=job.max_iter or MAX_ITER,
        random_state=job.seed,
        **never,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        W = model.fit_transform(job.X)
    return Fit(W, model.components_, model.n_iter_)


SCIKIT_LEARN_MINIBATCH = Peer(
    "scikit-learn MiniBatchNMF", "sklearn", "scikit-learn", fit, MAX_ITER, losses=EVERY_LOSS, sparse=True
)
