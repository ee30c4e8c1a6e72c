from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from nmfcore import NMF, factorize
from tests.nmfcore.contracts import assert_descent, assert_factors
from tests.nmfcore.data import make_data, make_start

SHAPES = [(40, 25), (25, 40), (1200, 6), (400, 40)]
pytestmark = pytest.mark.filterwarnings("ignore:Maximum number of iterations")


def fit_from(X, W, H, **parameters):
    return factorize(X, W.shape[1], W=W, H=H, init="custom", tol=1e-6, max_iter=2000, **parameters)


@pytest.fixture(params=SHAPES, ids=str)
def problem(request):
    X = make_data("low rank", *request.param) + 0.2 * make_data("uniform", *request.param, seed=1)
    return X, *make_start("uniform", X, 3)


@pytest.mark.parametrize("scale", [4.0, 1e-3, 1e7, 1e-12, 1e15])
def test_scale(problem, scale):
    X, W, H = problem
    root = np.sqrt(scale)
    plain, scaled = fit_from(X, W, H), fit_from(X * scale, W * root, H * root)
    assert scaled.loss_history[-1] == pytest.approx(plain.loss_history[-1] * scale**2, rel=1e-4)
    # The tolerance is relative to |X|: it is reached as early.
    assert abs(scaled.n_iter - plain.n_iter) <= 3
    np.testing.assert_allclose(scaled.W @ scaled.H, plain.W @ plain.H * scale, atol=1e-2 * scale)


def test_order_of_rows(problem):
    X, W, H = problem
    order = np.random.default_rng(0).permutation(len(X))
    plain, permuted = fit_from(X, W, H), fit_from(X[order], W[order], H)
    assert permuted.loss_history[-1] == pytest.approx(plain.loss_history[-1], rel=1e-6)
    np.testing.assert_allclose(permuted.W @ permuted.H, (plain.W @ plain.H)[order], atol=1e-4)


def test_order_of_columns(problem):
    X, W, H = problem
    order = np.random.default_rng(0).permutation(X.shape[1])
    plain, permuted = fit_from(X, W, H), fit_from(X[:, order], W, H[:, order])
    assert permuted.loss_history[-1] == pytest.approx(plain.loss_history[-1], rel=1e-6)
    np.testing.assert_allclose(permuted.W @ permuted.H, (plain.W @ plain.H)[:, order], atol=1e-4)


def test_order_of_components(problem):
    X, W, H = problem
    plain, permuted = fit_from(X, W, H), fit_from(X, W[:, ::-1], H[::-1])
    assert permuted.loss_history[-1] == pytest.approx(plain.loss_history[-1], rel=1e-3)


def test_every_row_twice_is_twice_the_loss(problem):
    X, W, H = problem
    plain, doubled = fit_from(X, W, H), fit_from(np.repeat(X, 2, axis=0), np.repeat(W, 2, axis=0), H)
    assert doubled.loss_history[-1] == pytest.approx(2 * plain.loss_history[-1], rel=1e-3)
    np.testing.assert_array_equal(doubled.W[::2], doubled.W[1::2])


@pytest.mark.parametrize("strengths", [{}, {"alpha_W": 1e-4, "alpha_H": 1e-4}], ids=str)
def test_zero_rows_and_columns_stay_zero(problem, strengths):
    X, W, H = problem
    X[::5] = 0
    X[:, 2] = 0
    result = fit_from(X, W, H, **strengths)
    np.testing.assert_array_equal(result.W[::5], 0)
    np.testing.assert_allclose(result.H[:, 2], 0, atol=1e-12)


@pytest.mark.parametrize("solver", ["cd", "mu"])
@pytest.mark.parametrize("init", ["random", "nndsvda", "nndsvdar", "custom"])
@pytest.mark.parametrize("zeros", [np.zeros, lambda *a: -np.zeros(*a), sp.csr_array], ids=["zero", "minus", "sparse"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_all_zero(shape, zeros, init, solver):
    X = zeros(shape, dtype=np.float32) if zeros is sp.csr_array else zeros(shape, np.float32)
    W, H = make_start("uniform", X, 2) if init == "custom" else (None, None)
    result = factorize(X, 2, init=init, solver=solver, W=W, H=H, random_state=0)
    assert_descent(X.toarray() if sp.issparse(X) else X, result, 2)
    assert result.loss_history[-1] == 0
    assert result.converged
    np.testing.assert_array_equal(result.W @ result.H, 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("init", ["random", "nndsvd", "nndsvda", "nndsvdar"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_constant(shape, init, dtype):
    X = np.full(shape, 3.0, dtype)
    result = factorize(X, 2, init=init, random_state=0)
    assert_descent(X, result, 2)
    np.testing.assert_allclose(result.W @ result.H, X, rtol=1e-3)


@pytest.mark.parametrize("shape", [(20, 4), (4, 20), (600, 4)], ids=str)
def test_more_components_than_rank(shape):
    X = make_data("uniform", *shape)
    result = factorize(X, 7, random_state=0, tol=1e-9, max_iter=20000)
    assert result.loss_history[-1] <= 1e-6 * np.sum(X**2)


@pytest.mark.parametrize("solver", ["cd", "mu"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_one_component_is_the_leading_singular_pair(shape, solver):
    X = make_data("uniform", *shape)
    result = factorize(X, 1, init="random", solver=solver, random_state=0, tol=1e-9, max_iter=5000)
    U, S, Vt = np.linalg.svd(X, full_matrices=False)
    np.testing.assert_allclose(result.W @ result.H, S[0] * np.outer(U[:, 0], Vt[0]), atol=1e-6)
    assert result.loss_history[-1] == pytest.approx(0.5 * np.sum(S[1:] ** 2), rel=1e-9)


@pytest.mark.parametrize("solver", ["cd", "mu"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (500, 1)], ids=str)
def test_one_row_or_column_is_exact(shape, solver):
    X = make_data("uniform", *shape)
    for k in (1, 3):
        result = factorize(X, k, solver=solver, random_state=0, tol=1e-9, max_iter=5000)
        np.testing.assert_allclose(result.W @ result.H, X, rtol=1e-4)


@pytest.mark.parametrize("strengths", [{}, {"alpha_W": 1e-3, "l1_ratio": 0.5}], ids=str)
@pytest.mark.parametrize("init", ["random", "nndsvda"])
@pytest.mark.parametrize("solver", ["cd", "mu"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    ("scale", "dtype"),
    [
        (1e-30, np.float32),
        (1e30, np.float32),
        (1e-42, np.float32),
        (1e-30, np.float64),
        (1e30, np.float64),
        (1e-310, np.float64),
    ],
)
def test_extreme_scales(scale, dtype, shape, solver, init, strengths):
    X = (make_data("uniform", *shape) * scale).astype(dtype)
    model = NMF(2, init=init, solver=solver, random_state=0, max_iter=20, **strengths)
    W = model.fit_transform(X)
    assert_factors(X, W, model.components_, 2)
    assert np.isfinite(model.loss_history_).all()
    assert np.all(np.diff(model.loss_history_) <= 0)
    assert np.isfinite(model.reconstruction_err_)
    np.testing.assert_array_equal(model.transform(X), W)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("scale", "dtype"), [(1e-30, np.float32), (1e30, np.float32), (1e-30, np.float64)])
def test_extreme_scales_are_fitted_as_well(scale, dtype, shape):
    X = make_data("uniform", *shape)
    plain = factorize(X.astype(dtype), 2, random_state=0)
    result = factorize((X * scale).astype(dtype), 2, random_state=0)
    assert result.loss_history[-1] / scale**2 == pytest.approx(plain.loss_history[-1], rel=1e-2)


def test_entries_of_all_magnitudes():
    X = np.logspace(-38, 38, 1200 * 6).reshape(1200, 6).astype(np.float32)
    result = factorize(X, 2, random_state=0)
    assert_factors(X, result.W, result.H, 2)
    assert np.isfinite(result.loss_history).all()


@pytest.mark.parametrize("a", [0.1, 0.3])
@pytest.mark.parametrize("solver", ["cd", "mu"])
def test_a_unique_factorization_is_found(a, solver):
    """The 6 x 3 example of Laurberg et al., doi:10.1155/2008/764206: unique up to scale and order for a < 1/2."""
    H = np.array([[a, 1, 1, a, 0, 0], [1, a, 0, 0, a, 1], [0, 0, a, 1, 1, a]])
    X = H.T @ H
    runs = [
        factorize(X, 3, init="random", solver=solver, random_state=seed, tol=1e-10, max_iter=20000) for seed in range(3)
    ]
    best = min(runs, key=lambda result: result.loss_history[-1])
    assert best.loss_history[-1] < 1e-8
    found = best.H / best.H.max(axis=1, keepdims=True)
    for row in H:
        assert np.abs(found - row).max(axis=1).min() < 0.02
