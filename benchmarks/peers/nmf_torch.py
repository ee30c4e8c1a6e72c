"""nmf-torch: hierarchical least squares and multiplicative updates on torch tensors."""

from __future__ import annotations

import contextlib
import io
from importlib import import_module

import numpy as np

from benchmarks.peers.peer import EVERY_LOSS, FROBENIUS, Fit, Job, Peer

MAX_ITER = 500
# It looks at its loss every tenth iteration, and fails where it never did.
FEWEST = 10


def fit(job: Job) -> Fit:
    """Run `nmf.run_nmf` in batch mode with its defaults: "halsvar" for Frobenius, "mu" for other losses, tol 1e-4."""
    limit = job.max_iter or MAX_ITER
    with contextlib.redirect_stdout(io.StringIO()) as said:
        W, H, _ = import_module("nmf").run_nmf(
            job.X,
            job.n_components,
            algo="halsvar" if job.beta_loss == FROBENIUS else "mu",
            beta_loss=job.beta_loss,
            tol=1e-4 if job.stops else float("-inf"),
            random_state=job.seed,
            fp_precision="float" if job.X.dtype == np.float32 else "double",
            batch_max_iter=limit,
        )
    counts = [line.split()[2] for line in said.getvalue().splitlines() if "Converged after" in line]
    return Fit(W, H, int(counts[-1]) if counts else limit)


NMF_TORCH = Peer("nmf-torch", "nmf", "nmf-torch", fit, MAX_ITER, FEWEST, losses=EVERY_LOSS)
