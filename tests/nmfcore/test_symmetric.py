"""Symmetric X ~ WW'."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from nmfcore import factorize_symmetric, objective
from nmfcore.objectives import translate_penalties
from nmfcore.problem import make_problem
from nmfcore.solvers.symmetric import SymmetricDescent
from tests.nmfcore.data import KINDS, STARTS, make_data, make_start

pytestmark = pytest.mark.filterwarnings("ignore:Maximum number of iterations")

DTYPES = [np.float32, np.float64]


def make(kind, m, seed=0):
    X = make_data(kind, m, m, seed)
    return X + X.T + np.eye(m)


@given(
    st.sampled_from(KINDS), st.integers(1, 25), st.integers(1, 6), st.sampled_from(STARTS), st.sampled_from(DTYPES),
    st.sampled_from([np.asarray, sp.csr_array]), st.sampled_from([0.0, 1e-2, 10.0]), st.sampled_from([0.0, 0.5, 1.0]),
    st.integers(0, 2**16),
)  # fmt: skip
def test_no_sweep_raises_the_objective(kind, m, k, start, dtype, layout, alpha_W, l1_ratio, seed):
    X = make(kind, m, seed).astype(dtype)
    W, _ = make_start(start, X, k, seed)
    strengths = {"alpha_W": alpha_W, "l1_ratio": l1_ratio}
    rounding = 1e-9 if dtype == np.float64 else 1e-5
    # By themselves, before a rise is taken back.
    problem = make_problem(X, translate_penalties(X.shape, alpha_W, "same", l1_ratio), 2.0)
    state = SymmetricDescent(problem, W)
    values = [objective(X, W, W.T, **strengths)]
    for _ in range(6):
        kept = state.W
        stuck = state.step() is None
        assert state.W is not kept or stuck
        values.append(objective(X, state.W, state.W.T, **strengths))
    assert np.all(np.diff(values) <= rounding * 1e-3 * np.sum(X.astype(np.float64) ** 2))
    result = factorize_symmetric(layout(X), k, W=W, init="custom", max_iter=8, tol=0, **strengths)
    assert result.loss_history[0] == pytest.approx(values[0], rel=rounding)
    assert (np.diff(result.loss_history) <= 0).all()
    np.testing.assert_array_equal(result.H, result.W.T)
    assert result.W.dtype == dtype
    assert (result.W >= 0).all()
    found = objective(X, result.W, result.H, **strengths)
    assert result.loss_history[-1] == pytest.approx(found, rel=1e-6, abs=rounding * 1e-3 * float(np.sum(X**2)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_one_component_is_the_leading_eigenvector(layout, dtype):
    # That of a non-negative matrix is not negative (Perron, Frobenius), so it is the best of all W.
    X = make("sparse", 40).astype(dtype)
    values, vectors = np.linalg.eigh(X.astype(np.float64))
    result = factorize_symmetric(layout(X), 1, init="random", tol=0, max_iter=2000, random_state=0)
    expected = np.sqrt(values[-1]) * np.abs(vectors[:, -1])
    np.testing.assert_allclose(result.W[:, 0], expected, rtol=1e-3, atol=20 * np.sqrt(np.finfo(dtype).eps))
    assert result.loss_history[-1] == pytest.approx(0.5 * np.sum(values[:-1] ** 2), rel=1e-5)


def test_an_entry_alone_by_hand():
    # 1/2 (x - w^2)^2 + 2 a w: at w > 0 the derivative 2 w^3 - 2 x w + 2 a is 0; with x = 3, a = 2 at w = 1, and 0 is
    # better: 1/2 3^2 = 4.5 against 1/2 2^2 + 4 = 6; with a = 0 at w = sqrt(3).
    X = np.array([[3.0]])
    assert factorize_symmetric(X, 1, W=np.ones((1, 1)), init="custom", alpha_W=2.0, l1_ratio=1.0, tol=0).W[0, 0] == 0
    assert factorize_symmetric(X, 1, W=np.ones((1, 1)), init="custom", tol=0).W[0, 0] == pytest.approx(np.sqrt(3))


@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_groups_are_found(layout):
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(4), 25)
    links = rng.random((100, 100)) < np.where(group[:, None] == group, 0.5, 0.03)
    X = np.triu(links, 1).astype(float)
    W = factorize_symmetric(layout(X + X.T), 4, n_restarts=3, random_state=0).W
    found = W.argmax(axis=1)
    assert len({found[group == g][0] for g in range(4)}) == 4
    for g in range(4):
        assert np.mean(found[group == g] == np.bincount(found[group == g]).argmax()) == 1


def test_what_was_planted_is_found():
    rng = np.random.default_rng(1)
    W = rng.random((60, 3)) * (rng.random((60, 3)) < 0.6)
    result = factorize_symmetric(W @ W.T, 3, tol=1e-8, max_iter=5000, random_state=0)
    order = [int(np.argmax(W.T @ column)) for column in (result.W / np.linalg.norm(result.W, axis=0)).T]
    np.testing.assert_allclose(result.W, W[:, order], atol=0.02)
    assert result.kkt < 1e-4


def test_it_ends_no_higher_than_multiplicative_updates():
    """Those with the cube root, which cannot rise either."""
    X = make("uniform", 50)
    rng = np.random.default_rng(0)
    for _ in range(3):
        W = rng.random((50, 4))
        result = factorize_symmetric(X, 4, W=W, init="custom", tol=1e-6, max_iter=3000)
        for _ in range(3000):
            W = W * np.cbrt(X @ W / (W @ (W.T @ W)))
        assert result.loss_history[-1] <= 1.02 * objective(X, W, W.T)


@pytest.mark.parametrize("scale", [2.0**-100, 2.0**100])
def test_scale_does_not_matter(scale):
    X = make("uniform", 12)
    plain, scaled = (factorize_symmetric(Y, 3, init="random", random_state=0) for Y in (X, scale * X))
    np.testing.assert_allclose(scaled.W, np.sqrt(scale) * plain.W, rtol=1e-6, atol=1e-9 * np.sqrt(scale))


def test_nothing_is_nothing():
    result = factorize_symmetric(np.zeros((3, 3)), 2)
    assert not result.W.any()
    assert result.converged


def test_more_components_than_samples():
    X = make("uniform", 4)
    assert factorize_symmetric(X, 6, random_state=0, max_iter=2000).loss_history[-1] < 0.05 * np.sum(X**2)


class TestBadInput:
    @pytest.mark.parametrize("layout", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
    def test_the_entry_that_is_not_symmetric_is_named(self, layout):
        X = make("uniform", 5)
        X[1, 3] = 9
        with pytest.raises(ValueError, match=r"X must be symmetric, but X\[1, 3\] is 9 and X\[3, 1\] is .*NMF"):
            factorize_symmetric(layout(X), 2)

    def test_rounding_is_no_difference(self):
        root = np.diag(1 / np.sqrt(make("uniform", 30).sum(axis=0)))
        factorize_symmetric(root @ make("uniform", 30) @ root, 2)

    @pytest.mark.parametrize(
        ("X", "options", "message"),
        [
            (np.ones((2, 3)), {}, "X must be symmetric, got 2 rows and 3 columns"),
            (-np.eye(3), {}, "Negative values"),
            (np.full((2, 2), np.nan), {}, "NaN"),
            (np.eye(3), {"n_components": 0}, "n_components must be at least 1"),
            (np.eye(3), {"init": "custom"}, "W is missing"),
            (np.eye(3), {"W": np.ones((3, 2))}, "W is given, but init is not 'custom'"),
            (np.eye(3), {"W": np.ones((2, 2)), "init": "custom"}, "Expected 3, but got 2"),
            (np.eye(3), {"alpha_W": -1.0}, "alpha_W"),
        ],
    )
    def test_is_named(self, X, options, message):
        with pytest.raises(ValueError, match=message):
            factorize_symmetric(X, **{"n_components": 2, **options})
