"""What people meet who bring their own arrays, weights and habits from other packages."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp

from nmfcore import NMF, factorization, factorize, iterate, objective, out_of_core
from nmfcore.init import INITS
from nmfcore.solvers import alternating
from nmfcore.validation import as_dense_if_smaller
from tests.nmfcore.data import make_data

pytestmark = pytest.mark.filterwarnings("ignore:Maximum number of iterations")


@pytest.fixture
def X():
    return make_data("low rank", 40, 12) + 0.1 * make_data("uniform", 40, 12, seed=1)


@pytest.mark.parametrize("loss", ["frobenius", "kullback-leibler"])
def test_a_feature_that_is_missing_everywhere_is_no_hindrance_for_known_components(X, loss):
    model = NMF(3, beta_loss=loss, missing="mask", random_state=0).fit(X)
    holed = X.copy()
    holed[:, 4] = np.nan
    W = model.transform(holed)
    shown = NMF(3, beta_loss=loss, random_state=0).fit(np.delete(X, 4, axis=1))
    shown.components_ = np.delete(model.components_, 4, axis=1)
    np.testing.assert_allclose(W, shown.transform(np.delete(X, 4, axis=1)), atol=1e-4)
    with pytest.raises(ValueError, match="column 4 of X are missing"):
        NMF(3, missing="mask").fit(holed)
    holed[7] = np.nan
    with pytest.raises(ValueError, match="row 7 of X are missing"):
        model.transform(holed)


def test_masked_arrays_keep_their_mask(X):
    hidden = np.random.default_rng(0).random(X.shape) < 0.2
    masked = np.ma.MaskedArray(np.where(hidden, 1e6, X), hidden)
    model, other = NMF(3, random_state=0), NMF(3, random_state=0)
    np.testing.assert_array_equal(model.fit_transform(masked), other.fit_transform(X, mask=~hidden))
    np.testing.assert_array_equal(model.transform(masked), other.transform(X, mask=~hidden))
    np.testing.assert_array_equal(factorize(masked, 3, random_state=0).H, model.components_)
    assert model.score(masked) == pytest.approx(other.score(X, mask=~hidden))


@pytest.mark.parametrize("k", [2, np.int64(5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_warm_start_after_a_change(X, k, dtype):
    model = NMF(3, warm_start=True, random_state=0).fit(X)
    model.set_params(n_components=k, alpha_W=1e-3, alpha_H=1e-3)
    assert model.fit(X.astype(dtype)).components_.shape == (k, 12)
    assert model.components_.dtype == dtype


@pytest.mark.parametrize("init", [None, "nndsvda", "nndsvd"])
def test_restarts_differ(X, init):
    seen = []

    def look(progress):
        if progress.n_iter == 1:
            seen.append(progress.loss)

    result = factorize(X, 4, init=init, n_restarts=3, random_state=0, callback=look)
    assert len(set(seen)) == 3
    assert result.loss_history[-1] <= factorize(X, 4, init=init, random_state=0).loss_history[-1]


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the test moves on."""
    time = SimpleNamespace(now=100.0)
    time.perf_counter = lambda: time.now
    for module in (factorization, iterate):
        monkeypatch.setattr(module, "time", time)
    return time


def test_a_limit_of_time_is_for_all_restarts(X, clock):
    iterations = []

    def a_second_passes(progress):
        iterations.append(progress.n_iter)
        clock.now += 1.0

    result = factorize(X, 4, n_restarts=10, max_iter=2, time_limit=4.5, tol=0, callback=a_second_passes, random_state=0)
    assert iterations == [1, 2, 1, 2, 1]
    assert result.loss_history[-1] <= factorize(X, 4, max_iter=2, tol=0, random_state=0).loss_history[-1]


def test_a_limit_of_time_includes_the_start(X, clock, monkeypatch):
    before = INITS["random"]

    def slow(*arguments):
        clock.now += 5.0
        return before(*arguments)

    monkeypatch.setitem(INITS, "random", slow)
    result = factorize(X, 4, init="random", time_limit=4.0, tol=0, random_state=0)
    assert (result.n_iter, result.reason, result.converged) == (1, "time_limit reached", False)


@pytest.mark.parametrize("loss", ["frobenius", "kullback-leibler"])
def test_nothing_is_solved_to_the_end_when_time_is_up(X, loss, clock, monkeypatch):
    solved = []
    monkeypatch.setattr(alternating, "improve_W", lambda *arguments: solved.append(True) or arguments[-1])
    for limit in (0.0, 10.0):
        result = factorize(X, 4, beta_loss=loss, time_limit=limit, max_iter=3, tol=0, random_state=0)
        assert len(solved) == (limit > 0)
        assert result.loss_history[-1] == pytest.approx(objective(X, result.W, result.H, beta_loss=loss))


@pytest.mark.parametrize("alpha_W", [0.0, 1e-2])
@pytest.mark.filterwarnings("ignore:Only one factor is penalised")
def test_transform_with_weights_and_a_penalty_is_fit_transform(X, alpha_W):
    weight = np.random.default_rng(0).random(40) + 0.1
    model = NMF(3, alpha_W=alpha_W, l1_ratio=0.5, random_state=0)
    W = model.fit_transform(X, sample_weight=weight)
    np.testing.assert_allclose(model.transform(X, sample_weight=weight), W, atol=1e-9)
    if alpha_W:
        assert not np.allclose(model.transform(X), W)


def test_sparse_weights_are_transformed_back(X):
    model = NMF(3, random_state=0)
    W = model.fit_transform(X)
    np.testing.assert_allclose(model.inverse_transform(sp.csr_array(W)), W @ model.components_)


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_known_components_of_any_type(X, dtype):
    known = np.eye(2, 12, dtype=dtype)
    H = factorize(X.astype(np.float32), 4, fixed_components=known, random_state=0).H
    np.testing.assert_array_equal(H[:2], known)


def test_a_stream_that_cannot_start_is_refused(X):
    with pytest.raises(ValueError, match="first batch has 2 samples, fewer than n_components = 3"):
        NMF(3, beta_loss="kullback-leibler").partial_fit(X[:2])


class Labelled:
    """What quacks like an array in memory, as xarray's do."""

    def __init__(self, values):
        self._values, self.shape, self.dtype, self.ndim = values, values.shape, values.dtype, values.ndim

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._values, dtype)

    def __array_ufunc__(self, *_, **__):
        return NotImplemented

    def __getitem__(self, key):
        return Labelled(self._values[key])

    def __len__(self):
        return len(self._values)


def test_what_quacks_like_an_array_is_fitted_like_one_with_every_option(X):
    parameters = {"beta_loss": "kullback-leibler", "random_state": 0}
    W = NMF(3, **parameters).fit_transform(X)
    np.testing.assert_array_equal(NMF(3, **parameters).fit_transform(Labelled(X)), W)


@pytest.mark.parametrize("mode", ["r", "c", "r+"])
@pytest.mark.parametrize("shape", [(40, 12), (2000, 6)])
def test_a_small_memory_map_is_an_array(shape, mode, tmp_path):
    X = make_data("uniform", *shape)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode=mode)
    # Not read block by block, which costs passes of its own.
    assert out_of_core.as_blocks(mapped) is None
    rng = np.random.default_rng(0)
    options = {"sample_weight": rng.random(shape[0]) + 0.1, "mask": rng.random(shape) < 0.9}
    for parameters in ({}, {"beta_loss": "kullback-leibler"}, {"alpha_W": 1e-3}, {"orthogonality_H": 0.1}):
        for given in ({}, options):
            model, expected = (NMF(3, random_state=0, max_iter=20, **parameters) for _ in range(2))
            W = model.fit_transform(mapped, **given)
            np.testing.assert_array_equal(W, expected.fit_transform(X, **given))
            np.testing.assert_array_equal(model.loss_history_, expected.loss_history_)
            np.testing.assert_array_equal(model.transform(mapped), expected.transform(X))


@pytest.mark.parametrize("layout", [np.array, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("loss", ["frobenius", "kullback-leibler"])
def test_score_and_explained_variance(X, loss, layout):
    weight = np.random.default_rng(0).integers(0, 3, 40).astype(float)
    model = NMF(3, beta_loss=loss, random_state=0).fit(X)
    W = model.transform(X)
    Y, means = W @ model.components_, np.average(X, axis=0, weights=weight)
    divergence = {
        "frobenius": lambda y: 0.5 * (X - y) ** 2,
        "kullback-leibler": lambda y: X * np.log(X / y) - X + y,
    }[loss]
    expected = weight @ divergence(Y)
    assert model.score(layout(X), sample_weight=weight) == pytest.approx(
        -expected.sum() / (12 * weight.sum()), rel=1e-6
    )
    explained = 1 - expected.sum() / (weight @ divergence(means[None] + 0 * X)).sum()
    assert model.explained_variance(layout(X), sample_weight=weight) == pytest.approx(explained, rel=1e-6)


@pytest.mark.parametrize(
    ("dtype", "share", "is_dense"),
    [(np.float64, 0.35, True), (np.float64, 0.3, False), (np.float32, 0.27, True), (np.float32, 0.22, False)],
)
@pytest.mark.parametrize("settings", [{}, {"beta_loss": "kullback-leibler", "solver": "mu"}], ids=["default", "mu"])
def test_sparse_data_that_are_no_smaller_than_an_array_have_its_bits(dtype, share, is_dense, settings):
    S = sp.csr_array(sp.random(60, 50, share, "csr", dtype, np.random.default_rng(3)))
    assert sp.issparse(as_dense_if_smaller(S)) != is_dense
    sparse, dense = (NMF(4, random_state=0, max_iter=30, **settings).fit(A) for A in (S, S.toarray()))
    # Whether sums in another order end in the same bits is up to the processor.
    if is_dense:
        np.testing.assert_array_equal(sparse.components_, dense.components_)
    else:
        assert sparse.reconstruction_err_ == pytest.approx(dense.reconstruction_err_, rel=1e-2)
