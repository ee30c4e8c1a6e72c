"""SPAMS: online dictionary learning with non-negative factors, in C++."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from benchmarks.machine import available_cores
from benchmarks.peers.peer import Fit, Job, Peer

MAX_ITER = 500


def fit(job: Job) -> Fit:
    """Run `spams.nmf`; an iteration is a batch of 512 samples, and there is no stopping rule."""
    spams = import_module("spams")
    limit = job.max_iter or MAX_ITER
    U, V = spams.nmf(
        np.asfortranarray(job.X.T), return_lasso=True, K=job.n_components, iter=limit, numThreads=available_cores()
    )
    return Fit(V.toarray().T, np.ascontiguousarray(U.T), limit)


SPAMS = Peer("SPAMS online", "spams", "spams-bin", fit, MAX_ITER)
