"""nimfa: least squares by projected gradients, and multiplicative updates of the divergence."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.peers.peer import FROBENIUS, KULLBACK_LEIBLER, Fit, Job, Peer

MAX_ITER = 100


def fit(job: Job) -> Fit:
    """Run `nimfa.Lsnmf` for Frobenius, `nimfa.Nmf` with the divergence for Kullback-Leibler, NNDSVD start."""
    nimfa = import_module("nimfa")
    limit = job.max_iter or MAX_ITER
    common: dict[str, Any] = {"seed": "nndsvd", "rank": job.n_components, "max_iter": limit}
    if job.beta_loss == FROBENIUS:
        method = nimfa.Lsnmf(job.X, **common, min_residuals=1e-5 if job.stops else 0.0)
    else:
        method = nimfa.Nmf(job.X, **common, update="divergence", objective="div")
    found = method()
    return Fit(np.asarray(found.basis()), np.asarray(found.coef()), int(found.fit.n_iter))


def _hindrance() -> str | None:
    return None if hasattr(np, "mat") else f"needs numpy.mat, which NumPy {np.__version__} has not"


NIMFA = Peer(
    "nimfa",
    "nimfa",
    "nimfa",
    fit,
    MAX_ITER,
    losses=frozenset((FROBENIUS, KULLBACK_LEIBLER)),
    hindrance=_hindrance,
)
