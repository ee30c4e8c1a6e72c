"""Data at the ends of what numbers can hold: a right answer, or an error that says what is out of range."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from nmfcore import factorize, objective

pytestmark = pytest.mark.filterwarnings("ignore:Maximum number of iterations")
LOSSES = ["frobenius", "kullback-leibler", "itakura-saito"]


def misfit(X, result):
    root = np.sqrt(X.max())
    return np.linalg.norm(X / X.max() - (result.W / root) @ (result.H / root)) / np.linalg.norm(X / X.max())


def test_an_entry_whose_ratio_underflows_is_no_perfect_fit():
    # Once the history was [0, 0]: log(1e-323 / 12) was -inf, and the sum counted as 0.
    X = np.array([[1e-323, 20.0], [30.0, 40.0], [50.0, 6.0]])
    result = factorize(X, 1, beta_loss="kullback-leibler")
    np.testing.assert_allclose(result.W @ result.H, np.outer(X.sum(axis=1), X.sum(axis=0)) / X.sum(), rtol=1e-6)
    assert result.loss_history[-1] > 30.0


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("solver", ["cd", "mu"])
@pytest.mark.parametrize("scale", [5e-322, 1e-310, 1e-150, 1e100, 1e150])
def test_any_scale(scale, solver, loss):
    X = (0.1 + np.random.default_rng(0).random((30, 7))) * scale
    with np.errstate(all="warn"):
        result = factorize(X, 3, solver=solver, beta_loss=loss, max_iter=60, random_state=0)
    assert np.isfinite(result.loss_history).all()
    assert misfit(X, result) < 0.6


@pytest.mark.parametrize("layout", [np.array, sp.csr_array], ids=["dense", "sparse"])
def test_an_objective_beyond_the_largest_number_is_refused(layout):
    X = layout(np.random.default_rng(0).random((30, 7)) * 1e300)
    with pytest.raises(ValueError, match=r"X has entries up to .*e\+299.*Divide X by its largest entry"):
        factorize(X, 2)


@pytest.mark.parametrize(("solver", "loss"), [("cd", "itakura-saito"), ("mu", "itakura-saito"), ("mu", 0.5)])
def test_float32_is_enough_for_entries_of_many_sizes(solver, loss):
    # Squares of ratios to the smallest entries are beyond float32; from rows of zeros it once stalled at 6e24.
    rng = np.random.default_rng(0)
    X = 10.0 ** rng.uniform(-9, 3, (60, 20))
    W, H = rng.random((60, 3)) + 0.01, rng.random((3, 20)) + 0.01
    W[:20] = 0
    ends = []
    for dtype in (np.float64, np.float32):
        start = {"W": W.astype(dtype), "H": H.astype(dtype), "init": "custom"}
        with np.errstate(all="warn"):
            result = factorize(X.astype(dtype), 3, solver=solver, beta_loss=loss, **start)
        ends.append(objective(X, result.W, result.H, beta_loss=loss))
        assert np.isfinite(result.loss_history).all()
    assert ends[1] <= 1.15 * ends[0]


@pytest.mark.parametrize("strengths", [{}, {"alpha_H": 1e-2, "alpha_W": 0.0}], ids=str)
@pytest.mark.parametrize(("solver", "loss"), [("cd", 1.0), ("mu", 1.0), ("mu", 1.5), ("mu", 0.5)])
@pytest.mark.filterwarnings("ignore:Only one factor is penalised")
def test_weights_of_sparse_samples_are_those_of_dense_ones(solver, loss, strengths):
    rng = np.random.default_rng(0)
    X, weight = rng.poisson(1.0, (40, 15)).astype(float), rng.integers(0, 4, 40).astype(float)
    start = {"W": rng.random((40, 3)) + 0.1, "H": rng.random((3, 15)) + 0.1, "init": "custom"}
    parameters = {"solver": solver, "beta_loss": loss, "sample_weight": weight, "tol": 0, "max_iter": 200, **strengths}
    dense, sparse = (factorize(layout(X), 3, **start, **parameters) for layout in (np.array, sp.csr_array))
    assert np.all(np.diff(sparse.loss_history) <= 0)
    assert sparse.loss_history[0] == pytest.approx(dense.loss_history[0])
    assert sparse.loss_history[-1] == pytest.approx(dense.loss_history[-1], rel=2e-2)
    repeated = np.repeat(X, weight.astype(int), axis=0)
    value = objective(repeated, np.repeat(sparse.W, weight.astype(int), axis=0), sparse.H, beta_loss=loss)
    assert objective(sp.csr_array(X), sparse.W, sparse.H, beta_loss=loss, sample_weight=weight) == pytest.approx(value)
