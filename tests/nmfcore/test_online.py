from __future__ import annotations

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import nnls
from sklearn.base import clone

from nmfcore import NMF, Penalty, factorize, objective
from nmfcore.online import OnlineFactorization

LOSSES = {"frobenius": 2.0, "kullback-leibler": 1.0}


def planted(m=240, n=12, k=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.gamma(0.5, size=(m, k)) @ rng.gamma(0.7, size=(k, n)) + 0.05 * rng.random((m, n))


def batches(X, size=40):
    return [X[start : start + size] for start in range(0, X.shape[0], size)]


def surrogate(stream, H):
    """Evaluate the function of H that the sums stand for, written out from its definition."""
    penalty = stream.l1 * H.sum() + 0.5 * stream.l2 * (H**2).sum()
    if stream.gram.any():
        return 0.5 * np.sum((stream.gram @ H) * H) - np.sum(stream.linear * H) + penalty
    return np.sum(stream.usage[:, None] * H) - np.sum(stream.linear * np.log(H)) + penalty


@pytest.mark.parametrize("strengths", [{}, {"alpha_W": 0.01, "alpha_H": 0.01, "l1_ratio": 0.5}])
@pytest.mark.parametrize("loss", LOSSES)
def test_repeated_batches_approach_the_fit(loss, strengths):
    X = planted()
    model = NMF(3, beta_loss=loss, random_state=0, forgetting=10.0, tol=1e-7, **strengths)
    values = []
    for _ in range(30):
        for batch in batches(X):
            model.partial_fit(batch)
        values.append(objective(X, model.transform(X), model.components_, beta_loss=loss, **strengths))
    # The local minimum beside it, which a fit from there finds.
    start = {"init": "custom", "W": model.transform(X) + 1e-12, "H": model.components_}
    best = factorize(X, 3, beta_loss=loss, tol=1e-7, max_iter=5000, **start, **strengths)
    # Unpenalised Kullback-Leibler creeps: its separable majorant is still 1.4 % away after 30 rounds, .4 % after 400.
    near = 2e-2 if loss == "kullback-leibler" and not strengths else 2e-3
    excess = [value / best.loss_history[-1] - 1 for value in values]
    assert excess[0] > near > excess[-1]


@pytest.mark.parametrize("n_fixed", [0, 1])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_surrogate_never_rises_and_its_minimum_is_reached(loss, l1_ratio, n_fixed):
    X = planted() + 0.01
    start = np.random.default_rng(1).random((3, 12)) + 0.1
    stream = OnlineFactorization(
        start, LOSSES[loss], alpha_W=0.02, alpha_H=0.02, l1_ratio=l1_ratio, forgetting=2.0, n_fixed=n_fixed
    )
    rng = np.random.default_rng(2)
    for batch in batches(X):
        before = stream.H.copy()
        stream.step(batch)
        reached = surrogate(stream, stream.H)
        slack = 1e-9 * abs(reached)
        assert reached <= surrogate(stream, before) + slack
        for _ in range(20):
            nearby = stream.H * np.exp(1e-3 * rng.standard_normal(stream.H.shape))
            nearby[:n_fixed] = stream.H[:n_fixed]
            assert reached <= surrogate(stream, nearby) + slack


def test_one_batch_is_two_rounds_of_least_squares():
    # One batch, no penalty: H minimises |X - W H| for the W that belongs to the H before.
    X = planted()
    start = np.random.default_rng(0).random((3, 12))
    stream = OnlineFactorization(start, 2.0)
    stream.step(X)
    W = np.array([nnls(start.T, row)[0] for row in X])
    expected = np.array([nnls(W, column)[0] for column in X.T]).T
    np.testing.assert_allclose(stream.H, expected, rtol=1e-6, atol=1e-9)


def test_the_strengths_follow_the_samples_seen():
    # alpha_H is multiplied by n_samples in a fit, so it grows with the stream.
    X = planted(200)
    stream = OnlineFactorization(np.ones((2, 12)), 2.0, alpha_H=0.1, l1_ratio=0.25)
    for batch in batches(X, 100):
        stream.step(batch)
    assert stream.l1 == pytest.approx(0.1 * 0.25 * 200)
    assert stream.l2 == pytest.approx(0.1 * 0.75 * 200)


def test_forgetting_follows_a_stream_that_changes():
    early, late = planted(400, seed=0), planted(400, seed=5)
    errors = {}
    for forgetting in (0.0, 5.0):
        model = NMF(3, random_state=0, forgetting=forgetting)
        for batch in batches(early) + batches(late):
            model.partial_fit(batch)
        errors[forgetting] = objective(late, model.transform(late), model.components_)
    assert errors[5.0] < 0.7 * errors[0.0]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dense_and_sparse_batches_of_any_scale_agree(loss, dtype):
    X = planted()
    X[X < 0.3] = 0
    models = []
    for Y in (X.astype(dtype), sp.csr_array(X.astype(dtype)), (X * 2.0**-60).astype(dtype)):
        model = NMF(3, init="random", beta_loss=loss, random_state=0)
        for batch in batches(Y):
            model.partial_fit(batch)
        assert model.components_.dtype == dtype
        models.append(model.components_)
    tolerance = {"rtol": 2e-2, "atol": 1e-3} if dtype == np.float32 else {"rtol": 1e-5, "atol": 1e-8}
    np.testing.assert_allclose(models[1], models[0], **tolerance)
    np.testing.assert_allclose(models[2] * 2.0**30, models[0], **tolerance)


def test_attributes_and_transform():
    X = planted()
    model = NMF(3, random_state=0)
    assert model.partial_fit(X[:50]) is model
    model.partial_fit(X[50:90])
    assert model.n_steps_ == 2
    assert model.n_components_ == 3
    assert model.n_features_in_ == 12
    assert model.components_.shape == (3, 12)
    assert model.transform(X).shape == (240, 3)
    with pytest.raises(ValueError, match="X has 5 features, but NMF is expecting 12"):
        model.partial_fit(X[:, :5])
    with pytest.raises(ValueError, match="Negative values"):
        model.partial_fit(-X)
    assert model.n_steps_ == 2


def test_a_fit_forgets_the_stream_and_a_stream_starts_at_a_fit():
    X, other = planted(), planted(seed=3)
    model = NMF(3, random_state=0)
    for batch in batches(other):
        model.partial_fit(batch)
    fitted = model.fit(X).components_
    np.testing.assert_array_equal(fitted, clone(model).fit(X).components_)
    model.partial_fit(X)
    assert model.n_steps_ == 1
    # A whole data set as one batch, from its own optimum.
    np.testing.assert_allclose(model.components_, fitted, rtol=0.1, atol=0.02)


def test_a_pickled_stream_goes_on():
    X = planted()
    model = NMF(3, random_state=0).partial_fit(X[:100])
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.partial_fit(X[100:]).components_, model.partial_fit(X[100:]).components_)


@pytest.mark.parametrize("loss", LOSSES)
def test_blank_and_single_sample_batches(loss):
    X = planted()
    model = NMF(2, beta_loss=loss, random_state=0).partial_fit(np.zeros((5, 12)))
    for row in X[:60]:
        model.partial_fit(row[None])
    model.partial_fit(np.zeros((3, 12)))
    W = model.transform(X)
    assert np.isfinite(model.components_).all()
    assert np.linalg.norm(X - W @ model.components_) < 0.5 * np.linalg.norm(X)


@pytest.mark.parametrize("loss", LOSSES)
def test_features_that_appear_late_are_learnt(loss):
    X = planted()
    X[:80, 6:] = 0
    model = NMF(3, beta_loss=loss, random_state=0)
    for _ in range(3):
        for batch in batches(X):
            model.partial_fit(batch)
    assert (model.components_[:, 6:].max(axis=0) > 1e-3).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_known_components_stay(loss):
    X = planted()
    known = np.random.default_rng(4).random((1, 12))
    model = NMF(3, beta_loss=loss, random_state=0, fixed_components=known)
    first = None
    for batch in batches(X):
        model.partial_fit(batch)
        first = model.components_.copy() if first is None else first
    np.testing.assert_array_equal(model.components_[:1], known)
    assert np.abs(model.components_[1:] - first[1:]).max() > 1e-3


class _Nothing(Penalty):
    strength = 1.0

    def value(self, W, H):
        return 0.0

    def contribute(self, terms, F, C):
        pass


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"beta_loss": "itakura-saito", "solver": "mu"}, "beta_loss = 'itakura-saito'"),
        ({"smoothness_W": 1.0, "grid_shape": (4, 60)}, "smoothness_W = 1.0"),
        ({"orthogonality_H": 1.0}, "orthogonality_H = 1.0"),
        ({"missing": "mask"}, "missing = 'mask'"),
        ({"penalties": (_Nothing(),)}, "penalties"),
        ({"forgetting": -1.0}, "forgetting"),
    ],
)
def test_what_has_no_meaning_for_a_stream_is_named(parameters, named):
    with pytest.raises(ValueError, match=named):
        NMF(2, **parameters).partial_fit(planted() + 0.1)
