"""What is returned is what the history says: its last entry is the objective of the factors, in float64, at any shape.

And no iteration raises it. ``HYPOTHESIS_PROFILE=thorough`` draws 10,000 of these fits.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from nmfcore import factorize, objective

pytestmark = pytest.mark.filterwarnings("ignore:Maximum number of iterations", "ignore:Only one factor is penalised")

N_FITS = 10_000 if settings.default.max_examples >= 500 else settings.default.max_examples
LOSSES = [("cd", b) for b in (2.0, 1.0, 0.0)] + [("mu", b) for b in (2.0, 1.0, 0.0, -0.5, 0.5, 1.5, 3.0)]


def draw_problem(seed):
    """Return X, k and the parameters of a random fit: of low rank, with near copies, tall, wide, sparse with zeros."""
    rng = np.random.default_rng(seed)
    solver, beta = LOSSES[rng.integers(len(LOSSES))]
    m, n, k = (
        int(np.exp(rng.uniform(0, np.log(600)))),
        int(np.exp(rng.uniform(0, np.log(40)))),
        int(rng.integers(1, 13)),
    )
    rank = int(rng.integers(1, k + 2))
    X = rng.gamma(0.5, 1.0, (m, rank)) @ rng.gamma(0.5, 1.0, (rank, n))
    kind = rng.choice(["exact", "noisy", "near copies", "zeros"])
    if kind == "noisy":
        X += rng.random((m, n)) * rng.choice([1e-6, 1e-2, 1.0])
    elif kind == "near copies":
        X = np.repeat(X[: -(-m // 3)], 3, axis=0)[:m] * (1 + 1e-6 * rng.random((m, n)))
    elif kind == "zeros" and beta > 0:
        X[rng.random((m, n)) < 0.5] = 0
    X += 1e-3 if beta <= 0 else 0.0
    X.flat[-1] += 0.1
    X = (X * 10.0 ** rng.integers(-4, 5)).astype(rng.choice([np.float32, np.float64]))
    parameters = {
        "solver": str(solver),
        "init": str(rng.choice(["random", "nndsvda"])) if k <= min(m, n) else "random",
        "tol": float(rng.choice([0.0, 1e-4])),
        "max_iter": int(rng.integers(1, 25)),
        "random_state": int(rng.integers(100)),
    }
    strength = float(10 ** rng.uniform(-4, 1)) * float(X.mean()) ** (beta - 1) if rng.random() < 0.6 else 0.0
    stated = {"beta_loss": float(beta)}
    if strength:
        stated |= {"alpha_W": strength / n, "alpha_H": strength / m, "l1_ratio": float(rng.choice([0.0, 0.5, 1.0]))}
    if rng.random() < 0.2:
        rows = int(rng.choice([r for r in range(1, m + 1) if m % r == 0]))
        stated |= {"smoothness_W": float(10 ** rng.uniform(-3, 1)), "grid_shape": (rows, m // rows)}
    if rng.random() < 0.2:
        stated["orthogonality_H"] = float(10 ** rng.uniform(-3, 1))
    if rng.random() < 0.15 and not (strength and stated["l1_ratio"]):
        parameters["sum_to_one"] = True
    return *_known(X, beta, rng), k, parameters, stated


def _known(X, beta, rng):
    """Return X dense or sparse, the parameters that say what of it counts and how much, and those for `objective`."""
    m, n = X.shape
    weight = {"sample_weight": rng.random(m) + 0.1} if rng.random() < 0.2 else {}
    kind = rng.choice(["all", "all", "masked", "stored"])
    if kind == "all":
        return (sp.csr_array(X) if beta > 0 and rng.random() < 0.3 else X), weight, weight
    mask = (rng.random((m, n)) < 0.6) * rng.choice([np.ones((m, n)), rng.random((m, n)) + 0.1])
    mask[np.arange(m), np.arange(m) % n] = mask[np.arange(n) % m, np.arange(n)] = 0.5
    if kind == "masked":
        return X, {"mask": mask, **weight}, {"mask": mask, **weight}
    stored = sp.csr_array((X + X.mean()) * (mask > 0))
    return stored, {"missing": "unstored", **weight}, {"mask": stored.astype(bool), **weight}


def assert_result_obeys(seed):
    X, known, for_objective, k, parameters, stated = draw_problem(seed)
    values = []

    def look(progress):
        values.append(objective(X, *progress.factors(), **stated, **for_objective))

    result = factorize(X, k, callback=look, **known, **parameters, **stated)
    assert np.isfinite(result.loss_history).all()
    assert np.all(np.diff(result.loss_history) <= 0)
    values.append(objective(X, result.W, result.H, **stated, **for_objective))
    np.testing.assert_allclose(result.loss_history[-1], values[-1], rtol=1e-6, atol=1e-12 * abs(values[0]))
    # In units of the last digit, and of the least that they do to a perfect fit.
    digit = float(np.finfo(X.dtype).eps)
    entries = X.data if sp.issparse(X) else X
    least = digit**2 * float(np.sum(entries.astype(np.float64) ** max(stated["beta_loss"], 0.0)))
    for before, after in zip(values, values[1:], strict=False):
        assert after <= before * (1 + 64 * digit) + 64 * least, f"rises from {before} to {after}"


@settings(max_examples=N_FITS)
@given(st.integers(0, 2**32 - 1))
def test_the_result_is_what_the_history_says(seed):
    assert_result_obeys(seed)
