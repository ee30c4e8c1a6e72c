"""Every loss, solver, penalty and kind of data is fitted, or stands on a short list of what is refused."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp

from nmfcore import factorize, objective
from nmfcore.losses import LOSSES
from nmfcore.penalties import PENALTIES
from nmfcore.solvers import SOLVERS

pytestmark = pytest.mark.filterwarnings("ignore:Maximum number of iterations", "ignore:Only one factor is penalised")

BETAS = (*LOSSES.values(), -0.5, 0.5, 1.5, 3.0)
PARAMETERS = {
    "l1_W": {"alpha_W": 0.01, "alpha_H": 0.0, "l1_ratio": 1.0},
    "l2_W": {"alpha_W": 0.01, "alpha_H": 0.0},
    "l1_H": {"alpha_W": 0.0, "alpha_H": 0.01, "l1_ratio": 1.0},
    "l2_H": {"alpha_W": 0.0, "alpha_H": 0.01},
    "smoothness_W": {"smoothness_W": 0.1, "grid_shape": (3, 4)},
    "orthogonality_H": {"orthogonality_H": 0.1},
    "sum_to_one": {"sum_to_one": True},
}
DATA = ("dense", "sparse", "masked", "weighted", "sparse and masked", "sparse and weighted", "known where stored")
# What is refused, by the message, and the reason that no update could be found.
REFUSED = {
    # No bound on the error of its Newton steps is known for other losses.
    "solver 'cd' does not handle beta_loss": lambda solver, beta, data: solver == "cd" and beta not in (0, 1, 2),
    # A zero is infinitely far from any WH.
    "When beta_loss <= 0 and X contains zeros": lambda solver, beta, data: beta <= 0 and "sparse" in data,
}


def test_the_list_is_short():
    assert len(REFUSED) <= 12


def test_every_penalty_has_its_parameter_here():
    assert PARAMETERS.keys() == PENALTIES.keys()


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("solver", SOLVERS)
def test_every_combination_is_fitted_or_on_the_list(solver, name):
    rng = np.random.default_rng(0)
    for beta, data in product(BETAS, DATA):
        X = rng.random((12, 7)) + 0.1
        options = {"beta_loss": beta, **PARAMETERS[name]}
        if "sparse" in data:
            X[rng.random(X.shape) < 0.4] = 0
            X[0] += 0.1
            X = sp.csr_array(X)
        if "masked" in data:
            options["mask"] = np.indices(X.shape).sum(axis=0) % 3 > 0
        if data == "known where stored":
            X[rng.random(X.shape) < 0.4] = 0
            X[0] += 0.1
            X[np.arange(12), np.arange(12) % 7] += 0.1
            X = sp.csr_array(X)
            options["missing"] = "unstored"
        if "weighted" in data:
            options["sample_weight"] = np.linspace(0.2, 2.0, 12)
        expected = [message for message, applies in REFUSED.items() if applies(solver, beta, data)]
        start = {"W": rng.random((12, 3)) + 0.1, "H": rng.random((3, 7)) + 0.1, "init": "custom"}
        values = []
        stated = {name: value for name, value in options.items() if name not in ("sum_to_one", "missing")}
        if "missing" in options:
            stated["mask"] = X.astype(bool)
        look = {"callback": lambda progress, X=X: values.append(objective(X, *progress.factors(), **stated))}  # noqa: B023
        if expected:
            with pytest.raises(ValueError, match="|".join(expected)):
                factorize(X, solver=solver, tol=0, max_iter=6, **start, **options, **look)
            continue
        result = factorize(X, solver=solver, tol=0, max_iter=6, **start, **options, **look)
        values.append(objective(X, result.W, result.H, **stated))
        assert np.all(np.diff(values) <= 1e-9 * np.abs(values[:-1])), f"{solver} {beta} {name} {data}: {values}"
        assert result.loss_history[-1] < result.loss_history[0]
        np.testing.assert_allclose(result.loss_history[-1], values[-1], rtol=1e-9)
