from __future__ import annotations

import numpy as np
import pytest

from nmfcore import NMF, factorize, objective
from tests.nmfcore.data import make_data

FITS = [("cd", "frobenius"), ("cd", "kullback-leibler"), ("cd", "itakura-saito"), ("mu", "frobenius"), ("mu", 1.5)]


def make(kind="uniform"):
    rng = np.random.default_rng(1)
    return make_data(kind, 30, 12) + 0.05, rng.uniform(0.2, 3.0, (30, 12))


def fit(X, solver="cd", beta_loss="frobenius", **parameters):
    return factorize(X, 3, solver=solver, beta_loss=beta_loss, random_state=0, **parameters)


@pytest.mark.parametrize(("solver", "beta_loss"), FITS)
def test_the_weighted_objective_never_rises(solver, beta_loss):
    X, weight = make()
    result = fit(X, solver, beta_loss, mask=weight, max_iter=20, tol=0)
    assert (np.diff(result.loss_history) <= 1e-12 * result.loss_history[0]).all()
    assert result.loss_history[-1] < 0.9 * result.loss_history[0]
    value = objective(X, result.W, result.H, beta_loss=beta_loss, mask=weight)
    assert result.loss_history[-1] == pytest.approx(value, rel=1e-9)


def test_the_objective_is_the_sum_of_weighted_squares():
    X, weight = make()
    result = fit(X, mask=weight, max_iter=5, tol=0)
    assert result.loss_history[-1] == pytest.approx(0.5 * np.sum(weight * (X - result.W @ result.H) ** 2), rel=1e-10)


@pytest.mark.parametrize(("solver", "beta_loss"), FITS)
def test_weights_of_0_and_2_are_a_mask(solver, beta_loss):
    X, _ = make()
    mask = np.random.default_rng(0).random(X.shape) < 0.8
    mask[:, 0] = mask[0] = True
    with_weights, with_mask = (
        fit(np.where(mask, X, 0.01), solver, beta_loss, max_iter=5, tol=0, init="custom", **what, **start(X))
        for what in ({"mask": np.where(mask, 2.0, 0.0)}, {"mask": mask})
    )
    np.testing.assert_allclose(with_weights.W, with_mask.W, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(with_weights.loss_history, 2 * with_mask.loss_history, rtol=1e-10)


def start(X):
    rng = np.random.default_rng(2)
    return {"W": rng.random((len(X), 3)), "H": rng.random((3, X.shape[1]))}


@pytest.mark.parametrize(("solver", "beta_loss"), FITS)
def test_one_weight_a_row_is_a_weight_of_its_sample(solver, beta_loss):
    X, _ = make()
    of_sample = np.random.default_rng(0).uniform(0.5, 2.0, len(X))
    of_entry = np.broadcast_to(of_sample[:, None], X.shape)
    settings = {"max_iter": 2000, "tol": 1e-4, "init": "custom", **start(X)}
    losses = [
        fit(X, solver, beta_loss, **what, **settings).loss_history[-1]
        for what in ({"sample_weight": of_sample}, {"mask": of_entry})
    ]
    assert losses[0] == pytest.approx(losses[1], rel=2e-3)


def test_noisy_entries_of_little_weight_do_little_harm():
    rng = np.random.default_rng(0)
    truth = rng.random((60, 3)) @ rng.random((3, 15))
    sigma = np.where(rng.random(truth.shape) < 0.2, 1.0, 0.01)
    X = np.maximum(truth + sigma * rng.standard_normal(truth.shape), 0.0)
    errors = [
        np.linalg.norm(truth - (result := fit(X, mask=v, max_iter=500)).W @ result.H) for v in (None, sigma**-2.0)
    ]
    assert errors[1] < 0.2 * errors[0]


def test_transform_and_scores_take_them():
    X, weight = make()
    model = NMF(3, random_state=0, max_iter=500)
    W = model.fit_transform(X, mask=weight)
    np.testing.assert_allclose(model.transform(X, mask=weight), W, rtol=1e-4, atol=1e-6)
    assert model.explained_variance(X, mask=weight) > model.explained_variance(X, mask=1 / weight)
    ones = np.ones_like(X)
    assert model.score(X, mask=2 * ones) == pytest.approx(model.score(X), rel=1e-6)
    assert model.explained_variance(X, mask=2 * ones) == pytest.approx(model.explained_variance(X), rel=1e-6)


class TestBadInput:
    @pytest.mark.parametrize(
        ("weight", "message"),
        [
            (np.full((30, 11), 0.5), r"mask must have the shape of X \(30, 12\), got \(30, 11\)"),
            (-np.ones((30, 12)), "mask must hold booleans .* or weights, finite and not negative"),
            (np.full((30, 12), np.nan), "finite and not negative"),
            (np.arange(12) * np.ones((30, 1)), "All entries of column 0 of X are missing"),
        ],
    )
    def test_is_named(self, weight, message):
        with pytest.raises(ValueError, match=message):
            fit(make()[0], mask=weight)
