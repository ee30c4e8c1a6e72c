"""The engine of this repository with its default settings."""

from __future__ import annotations

import warnings

from benchmarks.peers.peer import EVERY_LOSS, Fit, Job, Peer

MAX_ITER = 1000


def fit(job: Job) -> Fit:
    """Run `nmfcore.NMF` with its defaults: solver "cd", tol 1e-4; at most 1000 iterations."""
    from nmfcore import NMF

    model = NMF(
        job.n_components,
        solver="cd",
        beta_loss=job.beta_loss,
        tol=1e-4 if job.stops else 0.0,
        max_iter=job.max_iter or MAX_ITER,
        random_state=job.seed,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Maximum number of iterations")
        W = model.fit_transform(job.X)
    return Fit(W, model.components_, model.n_iter_, model.loss_history_)


NMFCORE = Peer("nmfcore", "nmfcore", "nmfcore", fit, MAX_ITER, losses=EVERY_LOSS, sparse=True)
