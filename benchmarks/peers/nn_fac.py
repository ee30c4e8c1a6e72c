"""nn-fac: accelerated hierarchical least squares, and multiplicative updates."""

from __future__ import annotations

from importlib import import_module

from benchmarks.peers.peer import EVERY_LOSS, FROBENIUS, Fit, Job, Peer

MAX_ITER = 100


def fit(job: Job) -> Fit:
    """Run `nn_fac.nmf.nmf`: "hals_acc" for Frobenius, "mu" for other losses, NNDSVD start, tol 1e-8 (absolute)."""
    W, H, costs, _ = import_module("nn_fac.nmf").nmf(
        job.X,
        job.n_components,
        init="nndsvd" if job.beta_loss == FROBENIUS else "random",
        n_iter_max=job.max_iter or MAX_ITER,
        tol=1e-8 if job.stops else -1.0,
        update_rule="hals_acc" if job.beta_loss == FROBENIUS else "mu",
        beta=job.beta,
        deterministic=True,
        seed=job.seed,
        return_costs=True,
    )
    return Fit(W, H, len(costs))


NN_FAC = Peer("nn-fac", "nn_fac", "nn-fac", fit, MAX_ITER, losses=EVERY_LOSS)
