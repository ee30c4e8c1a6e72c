"""Where a factorization starts. An init is a function ``(X, k, rng, weight) -> W, H``, and one line here."""

from __future__ import annotations

from nmfcore.init import nndsvd, random

INITS = {
    "random": random.initialise,
    "nndsvd": nndsvd.initialise,
    "nndsvda": nndsvd.initialise_mean,
    "nndsvdar": nndsvd.initialise_noise,
}

__all__ = ["INITS"]
