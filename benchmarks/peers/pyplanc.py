"""pyplanc: the C++ library PLANC."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np
import scipy.sparse as sp

from benchmarks.machine import available_cores
from benchmarks.peers.peer import Fit, Job, Peer

MAX_ITER = 100


def fit(job: Job) -> Fit:
    """Run `pyplanc.nmf` with "hals", the quickest of its solvers; it has no stopping rule and computes in float64."""
    pyplanc = import_module("pyplanc")
    limit = job.max_iter or MAX_ITER
    k = job.n_components
    X: Any = job.X.tocsc() if sp.issparse(job.X) else np.asfortranarray(job.X)
    X = X.astype(np.float64, copy=False)
    rng = np.random.default_rng(job.seed)
    start = {
        "Winit": np.asfortranarray(rng.random((job.X.shape[0], k))),
        "Hinit": np.asfortranarray(rng.random((job.X.shape[1], k))),
    }
    with _silence():
        found = pyplanc.nmf(X, k, limit, "hals", available_cores(), **start)
    return Fit(np.asarray(found.W), np.asarray(found.H).T, limit)


@contextmanager
def _silence() -> Iterator[None]:
    """Let nothing through that the library writes past Python to both streams."""
    kept = [os.dup(stream) for stream in (1, 2)]
    with open(os.devnull, "wb") as sink:
        try:
            for stream in (1, 2):
                os.dup2(sink.fileno(), stream)
            yield
        finally:
            for stream, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, stream)
                os.close(copy)


PYPLANC = Peer("pyplanc hals", "pyplanc", "pyplanc", fit, MAX_ITER, sparse=True)
