"""Where a fit to large dense data begins, and what the solver takes from products at hand."""

import numpy as np
import pytest
import scipy.sparse as sp

from nmfcore import factorize, objective
from nmfcore.data import Data
from nmfcore.init import INITS
from nmfcore.iterate import Limits
from nmfcore.losses import frobenius
from nmfcore.penalties import Penalties
from nmfcore.problem import make_problem
from nmfcore.solvers import single_precision_start


def planted(m, n, k, seed=0, noise=0.3):
    rng = np.random.default_rng(seed)
    return rng.gamma(0.5, 1.0, (m, k)) @ rng.gamma(0.5, 1.0, (k, n)) + noise * rng.random((m, n)) + 0.01


LOSSES = [(1.0, "cd"), (1.0, "mu"), (0.0, "cd"), (0.0, "mu"), (1.5, "mu")]


def start(X, beta, seed=0, max_iter=200, init="nndsvda"):
    problem = make_problem(X, Penalties(), beta)
    rng = np.random.RandomState(seed)
    return single_precision_start.start(problem.data, 4, init, beta, problem.reference, rng, Limits(1e-4, max_iter))


@pytest.mark.parametrize("shape", [(600, 500), (2000, 40), (40, 2000)], ids=str)
@pytest.mark.parametrize(("beta", "solver"), LOSSES)
def test_the_start_is_far_ahead_of_its_init(shape, beta, solver):
    X = planted(*shape, k=4)
    W, H = start(X, beta)
    assert W.shape == (shape[0], 4)
    assert H.shape == (4, shape[1])
    assert W.dtype == H.dtype == X.dtype
    assert W.min() >= 0
    assert H.min() >= 0
    plain = INITS["nndsvda"](X, 4, np.random.RandomState(0), np.ones(len(X)))
    ends = factorize(X, 4, W=W, H=H, init="custom", beta_loss=beta, solver=solver, max_iter=200, tol=0)
    first, other = (objective(X, *pair, beta_loss=beta) for pair in ((W, H), plain))
    last = ends.loss_history[-1]
    assert first - last < 0.1 * (other - last)


@pytest.mark.parametrize(("beta", "solver"), [(2.0, "mu"), *LOSSES])
def test_a_fit_begins_at_its_start_and_needs_few_iterations(beta, solver):
    X = planted(600, 500, k=4)
    result = factorize(X, 4, beta_loss=beta, solver=solver, random_state=0)
    assert result.n_iter <= 40
    far = factorize(X, 4, beta_loss=beta, solver=solver, random_state=0, tol=0, max_iter=1000)
    assert result.loss_history[-1] <= far.loss_history[-1] * 1.003


def test_the_start_depends_on_the_seed_alone():
    X = planted(600, 500, k=4)
    first, second, other = (start(X, 1.0, seed, init="random") for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[1], other[1])


def test_sparse_data_start_where_dense_data_do():
    X = planted(600, 500, k=4)
    X *= np.random.default_rng(1).random(X.shape) < 0.3
    values = [objective(X, *start(Y, 1.0), beta_loss=1.0) for Y in (X, sp.csr_array(X))]
    assert values[0] == pytest.approx(values[1], rel=2e-3)


def test_the_start_makes_no_more_updates_than_iterations_are_allowed():
    X = planted(600, 500, k=4)
    values = [objective(X, *start(X, 1.5, max_iter=most), beta_loss=1.5) for most in (1, 5, 200)]
    assert values[0] > values[1] > values[2]


def test_small_weighted_and_masked_data_keep_the_init():
    large, ones = planted(600, 500, k=4), np.ones(600)
    for X, more in (
        (planted(60, 50, k=4), {}),
        (large, {"sample_weight": ones}),
        (large, {"mask": large > 0}),
    ):
        data = Data(X, **more)
        rng = np.random.RandomState(0)
        started = single_precision_start.start(data, 4, "nndsvda", 1.0, 1.0, rng, Limits(1e-4, 200))
        plain = INITS["nndsvda"](data.X, 4, np.random.RandomState(0), np.ones(data.shape[0]))
        assert all(np.array_equal(a, b) for a, b in zip(started, plain, strict=True))


def test_what_single_precision_cannot_hold_starts_from_the_init():
    X = planted(600, 500, k=4)
    X[:, 0] *= 1e-42
    for beta in (1.0, 0.0):
        for F in start(X, beta):
            assert np.isfinite(F).all()


@pytest.mark.parametrize("seed", range(3))
def test_components_end_with_halves_alike(seed):
    X = planted(300, 200, k=6, seed=seed)
    result = factorize(X, 6, random_state=seed, tol=1e-6)
    ratio = np.linalg.norm(result.W, axis=0) / np.linalg.norm(result.H, axis=1)
    assert np.all((ratio > 0.5) & (ratio < 2.0))


def test_a_start_of_ones_own_keeps_its_scale():
    X = planted(300, 200, k=3)
    W, H = (
        F * scale
        for F, scale in zip(INITS["random"](X, 3, np.random.RandomState(0), np.ones(300)), (1e3, 1e-3), strict=True)
    )
    result = factorize(X, 3, W=W, H=H, init="custom")
    assert np.all(np.linalg.norm(result.W, axis=0) > 1e3 * np.linalg.norm(result.H, axis=1))


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-9), (np.float32, 1e-5)])
def test_the_loss_from_products_is_the_loss(dtype, tolerance):
    X = planted(200, 90, k=5, noise=3.0).astype(dtype)
    W, H = INITS["nndsvda"](X, 5, np.random.RandomState(0), np.ones(200, dtype))
    quadratic = frobenius.Quadratic(W.T @ W, X.T @ W)
    value = quadratic.value(np.ascontiguousarray(H.T), float(np.sum(X.astype(np.float64) ** 2)))
    difference = X.astype(np.float64) - W.astype(np.float64) @ H.astype(np.float64)
    assert value == pytest.approx(0.5 * np.sum(difference**2), rel=tolerance)


def test_of_a_near_perfect_fit_the_products_say_nothing():
    W, H = np.random.default_rng(0).random((50, 3)), np.random.default_rng(1).random((3, 40))
    X = W @ H
    quadratic = frobenius.Quadratic(W.T @ W, X.T @ W)
    assert quadratic.value(np.ascontiguousarray(H.T), float(np.sum(X**2))) is None
