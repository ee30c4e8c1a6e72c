"""scikit-learn's coordinate descent and multiplicative updates, the references everybody has."""

from __future__ import annotations

import warnings
from functools import partial

from benchmarks.peers.peer import EVERY_LOSS, Fit, Job, Peer, Setting

CD_MAX_ITER = 300
MU_MAX_ITER = 1000


def fit(solver: str, max_iter: int, job: Job) -> Fit:
    """Run `sklearn.decomposition.NMF` with init "nndsvda" and tol 1e-4."""
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    model = NMF(
        job.n_components,
        init="nndsvda",
        solver=solver,
        beta_loss=job.beta_loss,
        tol=1e-4 if job.stops else 0.0,
        max_iter=job.max_iter or max_iter,
        random_state=job.seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        W = model.fit_transform(job.X)
    return Fit(W, model.components_, model.n_iter_)


# Its products with few columns can be slower on many BLAS threads than on one, so one is tried as well.
SETTINGS = (
    Setting("sample-major"),
    Setting("feature-major"),
    Setting("sample-major", 1),
    Setting("feature-major", 1),
)
SCIKIT_LEARN_CD = Peer(
    "scikit-learn cd",
    "sklearn",
    "scikit-learn",
    partial(fit, "cd", CD_MAX_ITER),
    CD_MAX_ITER,
    sparse=True,
    settings=SETTINGS,
)
SCIKIT_LEARN_MU = Peer(
    "scikit-learn mu",
    "sklearn",
    "scikit-learn",
    partial(fit, "mu", MU_MAX_ITER),
    MU_MAX_ITER,
    losses=EVERY_LOSS,
    sparse=True,
    settings=SETTINGS,
)
