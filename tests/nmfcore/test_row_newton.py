"""Newton steps on whole rows: row by row they do not rise, and they end where the row's own minimum is."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given
from hypothesis import strategies as st

from nmfcore import NMF
from nmfcore.data import Data
from nmfcore.graphs import grid_graph
from nmfcore.penalties import Penalties, Terms
from nmfcore.solvers import exact, row_newton
from tests.nmfcore.data import divergence

BETAS = row_newton.BETAS
ROUNDING = {np.float32: 1e-5, np.float64: 1e-12}


def losses(X, F, C, beta, weight, l1, l2):
    """Return the objective of each row, in float64."""
    F = F.astype(np.float64)
    entries = weight * divergence(X.astype(np.float64), np.maximum(F @ C, 1e-150), beta)
    return entries.sum(axis=1) + F @ l1 + 0.5 * F**2 @ l2


@given(
    st.sampled_from(BETAS),
    st.sampled_from([np.float32, np.float64]),
    st.integers(0, 2**16),
    st.sampled_from(["uniform", "far below", "far above", "uneven"]),
    st.sampled_from(["dense", "masked", "sparse"]),
    st.booleans(),
)
def test_no_row_rises(beta, dtype, seed, start, kind, penalised):
    rng = np.random.default_rng(seed)
    m, n, k = rng.integers(1, 80), rng.integers(1, 12), rng.integers(1, 6)
    X = rng.gamma(0.5, 1.0, (m, n)) + (1e-3 if beta <= 0 else 0.0)
    X[(rng.random(X.shape) < 0.3) & (beta > 0)] = 0.0
    scales = {"uniform": 1.0, "far below": 1e-6, "far above": 1e4, "uneven": 10.0 ** rng.uniform(-4, 4, (m, k))}
    F, C = ((rng.random((m, k)) + 0.01) * scales[start]).astype(dtype), (rng.random((k, n)) ** 3 + 1e-3).astype(dtype)
    X = X.astype(dtype)
    assume(beta == 1.0 or kind != "sparse")
    mask = rng.random((m, n)) < 0.8 if kind == "masked" else None
    rows = Data(sp.csr_array(X) if kind == "sparse" else X, mask=mask).rows
    terms = Terms.nothing(k)
    if penalised:
        terms.linear, terms.diagonal = rng.random(k), rng.random(k)
    weight = np.ones((m, n)) if mask is None else mask.astype(np.float64)
    before = losses(X, F, C, beta, weight, terms.linear, terms.diagonal)
    rounding = ROUNDING[dtype] * (X + 1.0).astype(np.float64).sum(axis=1)
    for _ in range(6):
        row_newton.update(rows, F, C, terms, beta)
        assert np.isfinite(F).all()
        assert (F >= 0).all()
        after = losses(X, F, C, beta, weight, terms.linear, terms.diagonal)
        assert (after <= before * (1 + ROUNDING[dtype]) + rounding).all()
        before = after


@pytest.mark.parametrize("beta", BETAS)
def test_few_steps_do_what_hundreds_of_multiplications_do(beta):
    rng = np.random.default_rng(0)
    C = rng.gamma(0.5, 1.0, (5, 40))
    X = (rng.gamma(0.5, 1.0, (300, 5)) @ C + 1e-3) * rng.exponential(1.0, (300, 40))
    rows, F = Data(X).rows, np.full((300, 5), 0.5)
    for _ in range(60):
        row_newton.update(rows, F, C, Terms.nothing(5), beta)
    nothing = np.zeros(5)
    ours = losses(X, F, C, beta, 1.0, nothing, nothing)
    slow = np.full((300, 5), 0.5)
    for _ in range(400):
        Y = slow @ C
        slow *= ((X * Y ** (beta - 2.0)) @ C.T / (Y ** (beta - 1.0) @ C.T)) ** (1.0 if beta == 1.0 else 0.5)
    theirs = losses(X, slow, C, beta, 1.0, nothing, nothing)
    # The loss of a row has one minimum for Kullback-Leibler, and may have several for Itakura-Saito.
    assert np.mean(ours <= theirs * (1 + 1e-6)) > (0.99 if beta == 1.0 else 0.9)
    if beta == 1.0:
        W = exact.solve_W(Data(X), C, Penalties(), beta)
        np.testing.assert_allclose(ours, losses(X, W, C, beta, 1.0, nothing, nothing), rtol=1e-9)


def test_fixed_components_stay():
    rng = np.random.default_rng(0)
    X, F, C = rng.random((50, 8)) + 0.1, rng.random((50, 3)), rng.random((3, 8))
    terms = Terms.nothing(3)
    terms.n_fixed = 2
    before = F.copy()
    row_newton.update(Data(X).rows, F, C, terms, 1.0)
    np.testing.assert_array_equal(F[:, :2], before[:, :2])
    assert (F[:, 2] != before[:, 2]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dense_and_sparse_rows_take_the_same_steps(dtype):
    rng = np.random.default_rng(0)
    X = rng.poisson(rng.gamma(0.5, 1.0, (200, 4)) @ rng.gamma(0.5, 1.0, (4, 50))).astype(dtype)
    # Rows from far below to far above: all three kinds of steps are taken.
    F = (rng.random((200, 4)) * np.geomspace(1e-3, 1e3, 200)[:, None]).astype(dtype)
    C = rng.random((4, 50)).astype(dtype)
    terms = Terms.nothing(4)
    terms.linear, terms.diagonal = rng.random(4), rng.random(4)
    factors = F.copy(), F.copy()
    rounding = 1e3 * np.finfo(dtype).eps
    for _ in range(4):
        for Y, W in zip((X, sp.csr_array(X)), factors, strict=True):
            row_newton.update(Data(Y).rows, W, C, terms, 1.0)
        np.testing.assert_allclose(*factors, rtol=rounding, atol=rounding)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_coupled_rows_and_very_many_components_are_left_to_others(make):
    rows = Data(make(np.random.default_rng(0).random((60, 7000)))).rows
    coupled = Terms.nothing(5)
    coupled.graph = grid_graph((6, 10), 60)
    assert row_newton.is_suited(rows, 5, Terms.nothing(5), 1.0)
    assert not row_newton.is_suited(rows, 5, coupled, 1.0)
    assert not row_newton.is_suited(rows, 100, Terms.nothing(100), 1.0)


@pytest.mark.parametrize("loss", ["kullback-leibler", "itakura-saito"])
def test_a_fit_needs_few_iterations(loss):
    rng = np.random.default_rng(0)
    X = (rng.gamma(0.5, 1.0, (400, 6)) @ rng.gamma(0.5, 1.0, (6, 60)) + 1e-3) * rng.exponential(1.0, (400, 60))
    fit = {"n_components": 6, "beta_loss": loss, "random_state": 0, "tol": 0}
    newton = NMF(solver="cd", max_iter=25, **fit).fit(X)
    multiplied = NMF(solver="mu", max_iter=200, **fit).fit(X)
    assert newton.loss_history_[-1] < multiplied.loss_history_[-1]


@pytest.mark.filterwarnings("ignore:Maximum number of iterations")
@pytest.mark.parametrize("make", [np.array, sp.csr_array], ids=["dense", "sparse"])
def test_whole_weights_are_repeated_rows_where_a_fit_ends_at_rounding(make):
    # Once the second curvature of sparse columns had no weights, and steps among the last digits went anywhere.
    rng = np.random.RandomState(42)
    X, weight = rng.rand(15, 30), rng.randint(0, 5, 15)
    weighted = NMF(beta_loss="kullback-leibler", random_state=0).fit(make(X), sample_weight=weight)
    repeated = NMF(beta_loss="kullback-leibler", random_state=0).fit(make(X.repeat(weight, axis=0)))
    np.testing.assert_allclose(weighted.transform(make(X)), repeated.transform(make(X)), rtol=1e-7, atol=1e-9)
