from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from nmfcore import factorize, objective
from nmfcore._jit import kernel
from nmfcore.data import Data
from nmfcore.init import INITS
from nmfcore.losses._logarithm import take_logs
from nmfcore.losses.beta_divergence import gradient_parts, parts_and_value, value
from nmfcore.penalties import Penalties
from nmfcore.solvers.alternating import Alternating
from nmfcore.solvers.multiplicative_descent import MultiplicativeDescent
from tests.nmfcore.data import make_data


@kernel
def _logs(x, mantissas, exponents):
    take_logs(x, mantissas, exponents)


def test_logarithms_are_right_to_rounding():
    rng = np.random.default_rng(0)
    x = np.concatenate([10.0 ** rng.uniform(-307, 307, 2000), 1.0 + 1e-9 * rng.standard_normal(500), [1.0, 2.0, 0.5]])
    expected = np.log(x)
    _logs(x, np.empty_like(x), np.empty_like(x))
    assert np.max(np.abs(x - expected) / np.maximum(1.0, np.abs(expected))) < 3e-16
    assert x[-3] == 0.0


@pytest.mark.parametrize("beta", [1.0, 0.0, 1.5])
def test_extrapolation_is_ahead_of_plain_updates(beta):
    X = make_data("uniform", 60, 40) + 0.01
    W, H = INITS["nndsvda"](X, 4, np.random.RandomState(0), np.ones(60))
    plain, ahead = (make(Data(X), W, H, Penalties(), beta, "mu") for make in (Alternating, MultiplicativeDescent))
    for _ in range(40):
        plain.step()
    steps = 0
    while ahead.loss > plain.loss and steps < 40:
        ahead.step()
        steps += 1
    assert steps <= 28


@pytest.mark.parametrize("beta_loss", [2.0, 1.0, 0.0, 1.5, 2.5])
def test_every_loss_is_that_of_the_factors_as_they_are(beta_loss):
    X = make_data("uniform", 30, 20) + 0.01
    seen = []

    def look(progress):
        seen.append((progress.loss, objective(X, *progress.factors(), beta_loss=beta_loss, alpha_W=1e-3)))

    history = factorize(
        X, 3, solver="mu", beta_loss=beta_loss, alpha_W=1e-3, callback=look, max_iter=15, tol=0
    ).loss_history
    np.testing.assert_allclose(*np.array(seen).T, rtol=1e-10)
    assert (np.diff(history) <= 0).all()


@pytest.mark.parametrize("beta", [0.0, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("kind", ["dense", "masked", "sparse"])
def test_one_look_gives_what_two_give(beta, kind):
    rng = np.random.default_rng(0)
    X = rng.random((150, 23)) + 0.01
    if kind == "sparse":
        X = sp.csr_array(X * (X > 0.6)) if beta > 0 else sp.csr_array(X)
    mask = rng.random(X.shape) < 0.7 if kind == "masked" else None
    rows = Data(X, mask, rng.random(150)).rows
    F, C = rng.random((150, 5)), rng.random((5, 23))
    num, den, loss = parts_and_value(rows, F, C, beta)
    np.testing.assert_array_equal([num, den], gradient_parts(rows, F, C, beta))
    assert loss == pytest.approx(value(rows, F, C, beta), rel=1e-13)
    step = 1e-6
    towards = rng.random(F.shape)
    slope = (value(rows, F + step * towards, C, beta) - value(rows, F - step * towards, C, beta)) / (2 * step)
    assert np.vdot(den - num, towards) == pytest.approx(slope, rel=1e-5)


class Watched(MultiplicativeDescent):
    """Says so where a factor is left at a point of higher objective, which the other factor could hide."""

    def _update_side(self, side, other, here):
        look = super()._update_side(side, other, here)
        assert look.loss <= here.loss * (1 + 1e-13)
        return look


@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_a_point_that_raises_the_objective_is_given_up(beta):
    X = make_data("low rank", 40, 30) + 0.01
    W, H = INITS["random"](X, 5, np.random.RandomState(0), np.ones(40))
    state = Watched(Data(X), W, H, Penalties(), beta, "mu")
    weights = [state._weight]
    for _ in range(300):
        assert state.step() is not None
        weights.append(state._weight)
    assert (np.diff(weights) < 0).any(), "no point was given up: the test is empty"
