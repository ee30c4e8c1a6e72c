"""tensorly: a matrix as a tensor of two modes."""

from __future__ import annotations

from importlib import import_module

from benchmarks.peers.peer import Fit, Job, Peer

MAX_ITER = 100


def fit(job: Job) -> Fit:
    """Run `tensorly.decomposition.non_negative_parafac_hals` with its defaults: SVD start, tol 1e-7."""
    decompose = import_module("tensorly.decomposition").non_negative_parafac_hals
    limit = job.max_iter or MAX_ITER
    (weights, (W, H)), errors = decompose(
        job.X,
        job.n_components,
        n_iter_max=limit,
        tol=1e-7 if job.stops else 0,
        random_state=job.seed,
        return_errors=True,
    )
    return Fit(W * weights, H.T, min(limit, len(errors)))


TENSORLY = Peer("tensorly hals", "tensorly", "tensorly", fit, MAX_ITER)
