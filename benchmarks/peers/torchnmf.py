"""torchnmf: multiplicative updates by automatic differentiation."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import numpy as np
import scipy.sparse as sp

from benchmarks.peers.peer import EVERY_LOSS, Fit, Job, Peer

MAX_ITER = 1000


def fit(job: Job) -> Fit:
    """Run `torchnmf.nmf.NMF` from its own random start, tol 1e-4."""
    torch, nmf = import_module("torch"), import_module("torchnmf.nmf")
    torch.manual_seed(job.seed)
    V: Any
    if sp.issparse(job.X):
        entries = job.X.tocoo()
        V = torch.sparse_coo_tensor(np.stack([entries.row, entries.col]), entries.data, entries.shape)
    else:
        V = torch.from_numpy(job.X)
    model = nmf.NMF(W=(job.X.shape[1], job.n_components), H=(job.X.shape[0], job.n_components)).to(V.dtype)
    with warnings.catch_warnings():
        # torch's own, about functions that torchnmf calls.
        warnings.simplefilter("ignore")
        n_iter = model.fit(
            V, beta=job.beta, tol=1e-4 if job.stops else float("-inf"), max_iter=job.max_iter or MAX_ITER
        )
    return Fit(model.H.detach().numpy(), model.W.detach().numpy().T, n_iter)


TORCHNMF = Peer("torchnmf mu", "torchnmf", "torchnmf", fit, MAX_ITER, losses=EVERY_LOSS, sparse=True)
