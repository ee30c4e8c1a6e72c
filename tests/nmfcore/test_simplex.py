"""Rows of W that sum to one: for every loss and solver, exact for the Frobenius loss, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import nnls

from nmfcore import NMF, factorize, objective
from tests.nmfcore.data import make_start

pytestmark = pytest.mark.filterwarnings("ignore:Maximum number of iterations")

LOSSES = [("cd", 2.0), ("mu", 2.0), ("cd", 1.0), ("mu", 1.0), ("cd", 0.0), ("mu", 0.5), ("mu", 3.0)]
ROUNDING = {np.float32: 1e-5, np.float64: 1e-9}


def mixtures(m=60, n=12, k=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(k, 0.7), m) @ (rng.random((k, n)) + 0.05) + 0.01 * rng.random((m, n))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("start", ["uniform", "huge", "zero rows and columns", "checkerboard"])
@pytest.mark.parametrize(("solver", "beta"), LOSSES)
def test_rows_sum_to_one_and_no_iteration_raises_the_objective(solver, beta, start, dtype):
    X = mixtures().astype(dtype)
    W, H = make_start(start, X, 3)
    values, sums = [], []

    def look(progress):
        A, B = progress.factors()
        values.append(objective(X, A, B, beta_loss=beta))
        sums.append(np.abs(A.sum(axis=1, dtype=np.float64) - 1).max())

    result = factorize(
        X, W=W, H=H, init="custom", solver=solver, beta_loss=beta, sum_to_one=True, tol=0, max_iter=15, callback=look
    )
    values.append(objective(X, result.W, result.H, beta_loss=beta))
    assert max(sums) < 1e-5
    np.testing.assert_allclose(result.W.sum(axis=1), 1, rtol=0, atol=1e-5)
    assert np.all(np.diff(values) <= ROUNDING[dtype] * np.abs(values[:-1]) + ROUNDING[dtype] * 1e-2 * X.sum())
    assert values[-1] < result.loss_history[0]
    np.testing.assert_allclose(result.loss_history[-1], values[-1], rtol=1e-6)


@pytest.mark.parametrize("kind", ["sparse", "masked", "weighted", "penalised"])
@pytest.mark.parametrize(("solver", "beta"), LOSSES[:4])
def test_any_kind_of_data(solver, beta, kind):
    X = mixtures()
    given, options = X, {}
    if kind == "sparse":
        X = np.where(X > 0.3, X, 0)
        given = sp.csr_array(X)
    elif kind == "masked":
        options["mask"] = np.indices(X.shape).sum(axis=0) % 3 > 0
    elif kind == "weighted":
        options["sample_weight"] = np.linspace(0.1, 2.0, len(X))
    else:
        options |= {"smoothness_W": 0.1, "grid_shape": (6, 10), "orthogonality_H": 0.1, "alpha_W": 1e-3}
    result = factorize(given, 3, random_state=0, solver=solver, beta_loss=beta, sum_to_one=True, max_iter=30, **options)
    np.testing.assert_allclose(result.W.sum(axis=1), 1, rtol=0, atol=1e-9)
    assert result.loss_history[-1] < 0.9 * result.loss_history[0]
    final = objective(given, result.W, result.H, beta_loss=beta, **options)
    np.testing.assert_allclose(result.loss_history[-1], final, rtol=1e-9)


@pytest.mark.parametrize("m", [40, 400])
def test_transform_is_the_least_squares_solution_on_the_simplex(m):
    X = mixtures(m)
    model = NMF(3, sum_to_one=True, random_state=0).fit(X)
    H, W = model.components_, model.transform(X)
    # A row of large weights makes SciPy's non-negative least squares keep the sum.
    heavy = 1e4
    A = np.vstack([H.T, np.full((1, 3), heavy)])
    expected = np.array([nnls(A, np.append(x, heavy))[0] for x in X])
    np.testing.assert_allclose(W, expected, atol=1e-5)
    np.testing.assert_allclose(W, model.fit_transform(X), atol=1e-10)


def test_exact_mixtures_are_fitted_exactly():
    rng = np.random.default_rng(1)
    W = np.vstack([np.eye(3), rng.dirichlet(np.ones(3), 200)])
    H = rng.random((3, 20)) + 0.1
    model = NMF(3, sum_to_one=True, random_state=0, tol=1e-8, max_iter=3000).fit(W @ H)
    assert model.reconstruction_err_ < 1e-3 * np.linalg.norm(W @ H)


def test_a_constant_penalty_is_refused():
    with pytest.raises(ValueError, match="alpha_W=0.1 with l1_ratio=0.5 adds a constant where sum_to_one=True"):
        NMF(2, sum_to_one=True, alpha_W=0.1, l1_ratio=0.5).fit(mixtures())


def test_data_far_from_one_and_zero():
    X = mixtures()
    tiny = factorize(1e-20 * X, 3, sum_to_one=True, random_state=0, max_iter=20)
    np.testing.assert_allclose(tiny.W.sum(axis=1), 1, rtol=1e-9)
    nothing = factorize(np.zeros((4, 3)), 2, sum_to_one=True)
    np.testing.assert_array_equal(nothing.W, np.full((4, 2), 0.5))
