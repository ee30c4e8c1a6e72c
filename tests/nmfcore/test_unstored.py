"""Sparse X of which only what is stored is known: the same as a mask, in memory of the size of what is stored."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from nmfcore import NMF, factorize, objective, select_rank
from nmfcore.solvers.alternating import Alternating

pytestmark = pytest.mark.filterwarnings("ignore:Maximum number of iterations")

FITS = [("cd", 2), ("cd", 1), ("cd", 0), *(("mu", beta) for beta in (2, 1, 0, -0.5, 0.5, 1.5, 3))]


def make(m=40, n=25, share=0.4, seed=0):
    """Return X (m, n) of rank 3 and noise, what is known of it, and weights."""
    rng = np.random.default_rng(seed)
    X = rng.random((m, 3)) @ rng.random((3, n)) + 0.05 + 0.1 * rng.random((m, n))
    known = rng.random(X.shape) < share
    known[np.arange(m), np.arange(m) % n] = known[np.arange(n) % m, np.arange(n)] = True
    return X, known, rng.uniform(0.5, 2.0, X.shape)


def start(X, k=3):
    rng = np.random.default_rng(1)
    factors = rng.random((X.shape[0], k)) + 0.1, rng.random((k, X.shape[1])) + 0.1
    return dict(zip("WH", (F.astype(X.dtype) for F in factors), strict=True)) | {"init": "custom"}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("solver", "beta_loss"), FITS)
def test_it_is_a_mask(solver, beta_loss, dtype):
    X, known, weight = make()
    X = X.astype(dtype)
    settings = {"solver": solver, "beta_loss": beta_loss, "max_iter": 10, "tol": 0, **start(X)}
    stored = sp.csr_array(np.where(known, X, 0))
    pairs = [
        (factorize(stored, 3, missing="unstored", **settings), known),
        (factorize(X, 3, mask=sp.csr_array(known * weight), **settings), known * weight),
        (factorize(sp.csr_array(X), 3, mask=known * weight, **settings), known * weight),
    ]
    for result, mask in pairs:
        assert result.loss_history[-1] < 0.5 * result.loss_history[0]
        assert (np.diff(result.loss_history) <= 0).all()
        assert objective(X, result.W, result.H, mask=mask, beta_loss=beta_loss) == pytest.approx(
            result.loss_history[-1], rel=1e-9
        )
        expected = factorize(X, 3, mask=mask, **settings).loss_history
        # With a mask of the whole matrix, rows of Itakura-Saito take Newton steps.
        if (solver, beta_loss) != ("cd", 0):
            np.testing.assert_allclose(result.loss_history, expected, rtol=1e-9 if dtype == np.float64 else 1e-3)


@given(
    st.sampled_from(FITS),
    st.sampled_from([{}, {"alpha_W": 1e-3, "l1_ratio": 0.5}, {"smoothness_W": 0.3, "grid_shape": (6, 5)},
                     {"orthogonality_H": 0.5}, {"sum_to_one": True}, {"fixed_components": np.full((1, 8), 0.3)}]),
    st.integers(0, 2**16),
    st.sampled_from([np.float32, np.float64]),
    st.booleans(),
)  # fmt: skip
def test_no_update_needs_to_be_taken_back(fit, options, seed, dtype, counts):
    X, known, weight = make(30, 8, 0.5, seed)
    (solver, beta), options = fit, dict(options)
    if counts and beta > 0:
        # Zeros that are known.
        X = np.floor(3 * X)
        X[0], X[:, 0] = 1, 1
    values = []
    before = Alternating.descend

    def spy(self, W, Ht):
        values.append(self.loss)
        before(self, W, Ht)
        values.append(self.loss)

    with pytest.MonkeyPatch.context() as patch:
        # No step beyond the last two: what is left must fall by itself.
        patch.setattr(Alternating, "_ahead", lambda self: None)
        patch.setattr(Alternating, "descend", spy)
        result = factorize(
            X.astype(dtype), 3, mask=sp.csr_array(known * weight), solver=solver, beta_loss=beta, max_iter=6, tol=0,
            random_state=0, **options,
        )  # fmt: skip
    rounding = 1e-9 if dtype == np.float64 else 1e-5
    for previous, following in zip(values[::2], values[1::2], strict=True):
        assert following <= previous * (1 + rounding) + rounding * 1e-3
    options.pop("sum_to_one", None), options.pop("fixed_components", None)
    found = objective(X.astype(dtype), result.W, result.H, mask=known * weight, beta_loss=beta, **options)
    assert found == pytest.approx(result.loss_history[-1], rel=1e-6)


def test_a_stored_zero_is_known():
    X, known, _ = make()
    X[:, 3:6], known[:, 3:6] = 0, True
    rows, columns = np.nonzero(known)
    stored = sp.csr_array((X[rows, columns], (rows, columns)), shape=X.shape)
    assert (stored.data == 0).any()
    model = NMF(3, missing="unstored", random_state=0, max_iter=500)
    W = model.fit_transform(stored)
    assert np.abs(model.components_[:, 3:6]).max() < 1e-6
    np.testing.assert_allclose(model.transform(stored), W, atol=1e-6)


@pytest.mark.parametrize("beta_loss", ["frobenius", "kullback-leibler", 1.5])
def test_what_is_unknown_is_predicted(beta_loss):
    rng = np.random.default_rng(0)
    X = rng.gamma(1.0, size=(120, 3)) @ rng.gamma(1.0, size=(3, 60))
    known = rng.random(X.shape) < 0.35
    solver = "mu" if beta_loss == 1.5 else "cd"
    settings = {"solver": solver, "beta_loss": beta_loss, "random_state": 0, "max_iter": 2000, "tol": 1e-6}
    stored = sp.csr_array(np.where(known, X, 0))
    errors = {}
    for missing in ("error", "unstored"):
        model = NMF(3, missing=missing, **settings)
        W = model.fit_transform(stored)
        errors[missing] = np.linalg.norm((X - W @ model.components_)[~known]) / np.linalg.norm(X[~known])
    assert errors["unstored"] < 0.02
    assert errors["error"] > 0.4


def test_scores_count_what_is_stored():
    X, known, _ = make()
    stored = sp.csr_array(np.where(known, X, 0))
    model = NMF(3, missing="unstored", random_state=0).fit(stored)
    dense = NMF(3, random_state=0)
    dense.components_ = model.components_
    dense.n_features_in_ = 25
    assert model.score(stored) == pytest.approx(dense.score(X, mask=known))
    assert model.explained_variance(stored) == pytest.approx(dense.explained_variance(X, mask=known))


@pytest.mark.parametrize(("solver", "beta_loss"), [("cd", 2), ("cd", 1), ("mu", 1.5)])
def test_memory_is_that_of_what_is_stored(solver, beta_loss):
    # 4.8 GB as an array.
    m, n = 30_000, 20_000
    rng = np.random.default_rng(0)
    rows = np.concatenate([np.arange(m), rng.integers(0, m, n)])
    columns = np.concatenate([rng.integers(0, n, m), np.arange(n)])
    X = sp.csr_array((rng.random(m + n) + 0.1, (rows, columns)), shape=(m, n))
    tracemalloc.start()
    factorize(X, 2, missing="unstored", solver=solver, beta_loss=beta_loss, init="random", max_iter=2, random_state=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6


@pytest.mark.parametrize("max_samples", [60, 1000])
def test_the_number_of_components_is_found(max_samples):
    rng = np.random.default_rng(0)
    X = rng.gamma(0.5, size=(100, 3)) @ rng.gamma(0.5, size=(3, 40)) + 0.01 * rng.random((100, 40))
    stored = sp.csr_array(np.where(rng.random(X.shape) < 0.5, X, 0))
    settings = {"n_splits": 3, "n_restarts": 2, "random_state": 0, "max_samples": max_samples}
    assert select_rank(stored, [1, 2, 3, 4, 6], missing="unstored", **settings).best == 3


class TestBadInput:
    def test_an_array(self):
        with pytest.raises(ValueError, match="missing='unstored' is for sparse X, got a ndarray.*missing='mask'"):
            factorize(make()[0], 3, missing="unstored")

    def test_a_row_of_which_nothing_is_known(self):
        X = sp.csr_array(np.array([[1.0, 2.0], [0.0, 0.0], [3.0, 1.0]]))
        with pytest.raises(ValueError, match="All entries of row 1 of X are missing"):
            NMF(1, missing="unstored").fit(X)

    def test_a_column_of_which_nothing_is_known(self):
        with pytest.raises(ValueError, match="All entries of column 1 of X are missing"):
            NMF(1, missing="unstored").fit(sp.csr_array(np.array([[1.0, 0.0], [2.0, 0.0]])))

    @pytest.mark.parametrize("value", [-1.0, np.nan])
    def test_a_weight(self, value):
        X, known, weight = make()
        weight[0, 0] = value
        known[0, 0] = True
        with pytest.raises(ValueError, match="mask must hold booleans .* finite and not negative"):
            factorize(X, 3, mask=sp.csr_array(known * weight))

    def test_a_shape(self):
        X, known, _ = make()
        with pytest.raises(ValueError, match=r"mask must have the shape of X \(40, 25\), got \(40, 24\)"):
            factorize(X, 3, mask=sp.csr_array(known[:, 1:]))

    def test_a_negative_entry(self):
        stored = sp.csr_array(make()[0])
        stored.data[0] = -1
        with pytest.raises(ValueError, match="Negative values"):
            factorize(stored, 3, missing="unstored")

    def test_a_known_zero_for_itakura_saito(self):
        X, known, _ = make()
        X[0, 0], known[0, 0] = 0, True
        with pytest.raises(ValueError, match="beta_loss <= 0 and X contains zeros"):
            factorize(X, 3, mask=sp.csr_array(known), beta_loss="itakura-saito")
