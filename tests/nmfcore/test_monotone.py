from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmfcore import factorize
from tests.nmfcore.contracts import RELATIVE, assert_descent, reference_objective, rounding
from tests.nmfcore.data import KINDS, STARTS, make_data, make_start, matrices, penalties

pytestmark = [
    pytest.mark.filterwarnings("ignore:Maximum number of iterations"),
    pytest.mark.filterwarnings("ignore:The multiplicative update"),
    pytest.mark.filterwarnings("ignore:Only one factor is penalised"),
]

ANY_SHAPE = matrices(st.integers(1, 40), st.integers(1, 40))
TALL = matrices(st.integers(256, 3000), st.integers(1, 8))
TALL_OF_MANY = matrices(st.integers(256, 1500), st.integers(33, 64))
INITS = st.sampled_from(["random", "nndsvd", "nndsvda", "nndsvdar"])
ITERATIONS = st.sampled_from([1, 2, 5, 60])
TOLERANCES = st.sampled_from([0.0, 1e-4])


def fit_from_rule(X, k, init, **parameters):
    init = init if k <= min(X.shape) else "random"
    return factorize(X, k, init=init, random_state=0, **parameters)


def assert_starts_at(X, W, H, result, strengths):
    first = reference_objective(X, W, H, **strengths)
    assert abs(result.loss_history[0] - first) <= RELATIVE[X.dtype] * first + rounding(X)


@given(ANY_SHAPE, st.integers(1, 12), st.sampled_from(["cd", "mu"]), INITS, penalties(), ITERATIONS, TOLERANCES)
def test_any_shape(X, k, solver, init, strengths, max_iter, tol):
    result = fit_from_rule(X, k, init, solver=solver, max_iter=max_iter, tol=tol, **strengths)
    assert_descent(X, result, k, **strengths)


@given(ANY_SHAPE, st.integers(1, 12), st.sampled_from(["cd", "mu"]), st.sampled_from(STARTS), penalties(), ITERATIONS)
def test_any_shape_from_a_given_start(X, k, solver, start, strengths, max_iter):
    W, H = make_start(start, X, k)
    result = factorize(X, k, W=W, H=H, init="custom", solver=solver, max_iter=max_iter, **strengths)
    assert_descent(X, result, k, **strengths)
    assert_starts_at(X, W, H, result, strengths)


@given(TALL | TALL_OF_MANY, st.integers(1, 8), INITS, penalties(), ITERATIONS, TOLERANCES)
def test_tall(X, k, init, strengths, max_iter, tol):
    result = fit_from_rule(X, k, init, max_iter=max_iter, tol=tol, **strengths)
    assert_descent(X, result, k, **strengths)


@given(TALL, st.integers(1, 8), st.sampled_from(STARTS), penalties(), ITERATIONS)
def test_tall_from_a_given_start(X, k, start, strengths, max_iter):
    W, H = make_start(start, X, k)
    result = factorize(X, k, W=W, H=H, init="custom", max_iter=max_iter, **strengths)
    assert_descent(X, result, k, **strengths)
    assert_starts_at(X, W, H, result, strengths)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (2000, 5)])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("strength", [0.0, 1e-3])
def test_from_its_own_result(kind, shape, dtype, strength):
    # A start that is the optimum already: rounding alone must not make the history rise.
    X = make_data(kind, *shape).astype(dtype)
    done = factorize(X, 2, init="random", random_state=0, max_iter=500, tol=1e-7, alpha_W=strength)
    again = factorize(X, 2, W=done.W, H=done.H, init="custom", alpha_W=strength, max_iter=20)
    assert_descent(X, again, 2, alpha_W=strength)
    assert_starts_at(X, done.W, done.H, again, {"alpha_W": strength})


@pytest.mark.parametrize("shape", [(60, 40), (3000, 6)])
@pytest.mark.parametrize(("parameter", "factor"), [("alpha_W", "W"), ("alpha_H", "H")])
@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_a_penalty_shrinks_its_factor_only_where_it_acts(shape, parameter, factor, l1_ratio):
    X = make_data("uniform", *shape)
    # One factor shrinks slowly while the other grows.
    common = {"random_state": 0, "l1_ratio": l1_ratio, "tol": 1e-5}
    plain = factorize(X, 2, **common)
    nothing = factorize(X, 2, **common, alpha_W=0.0, alpha_H=0.0)
    weighed = factorize(X, 2, **common, **{"alpha_H": 0.0, parameter: 1e-3})
    np.testing.assert_array_equal(nothing.W, plain.W)
    norm = {"plain": np.abs(getattr(plain, factor)).sum(), "weighed": np.abs(getattr(weighed, factor)).sum()}
    assert norm["weighed"] < 0.9 * norm["plain"]


def test_a_three_by_two_case_by_hand():
    # W = (1, 2, 0)', H = (1, 1): WH = [[1, 1], [2, 2], [0, 0]], so |X - WH|^2 = 1 + 1 + 4, and with m = 3, n = 2
    # the penalties are 0.5 * 2 * (0.5 * 3 + 0.25 * 5) = 2.75 and 0.1 * 3 * (0.5 * 2 + 0.25 * 2) = 0.45.
    X = np.array([[1.0, 2.0], [2.0, 1.0], [0.0, 2.0]])
    W, H = np.array([[1.0], [2.0], [0.0]]), np.array([[1.0, 1.0]])
    strengths = {"alpha_W": 0.5, "alpha_H": 0.1, "l1_ratio": 0.5}
    result = factorize(X, 1, W=W, H=H, init="custom", max_iter=1, tol=0, **strengths)
    assert result.loss_history[0] == pytest.approx(3 + 2.75 + 0.45, rel=1e-14)
