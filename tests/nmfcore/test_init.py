from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import _nmf

from nmfcore import factorize, objective
from nmfcore.init import INITS
from tests.nmfcore.contracts import assert_factors
from tests.nmfcore.data import KINDS, make_data

NNDSVD = ("nndsvd", "nndsvda", "nndsvdar")


def start(init, X, k, seed=0):
    return INITS[init](X, k, np.random.RandomState(seed), np.ones(len(X), X.dtype))


def spread_spectrum(m, n, seed=0):
    """Non-negative, with singular values so far apart that every algorithm finds the same vectors."""
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.standard_normal((size, 6)))[0] for size in (m, n))
    left[:, 0], right[:, 0] = 1 / np.sqrt(m), 1 / np.sqrt(n)
    left, right = np.linalg.qr(left)[0], np.linalg.qr(right)[0]
    scale = np.sqrt(m * n)
    X = (left * np.array([1.0, 0.1, 0.03, 0.01, 0.003, 0.001]) * scale) @ right.T
    X *= np.sign(X.sum())
    return np.maximum(X - min(X.min(), 0), 0)


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("shape", [(60, 30), (30, 60), (900, 7), (7, 900), (300, 200)], ids=str)
@pytest.mark.parametrize("init", ["nndsvd", "nndsvda"])
def test_nndsvd_is_that_of_scikit_learn(init, shape, k):
    X = spread_spectrum(*shape)
    W, H = start(init, X, k)
    W_theirs, H_theirs = _nmf._initialize_nmf(X, k, init=init, random_state=0)
    np.testing.assert_allclose(W, W_theirs, atol=1e-4 * W_theirs.max())
    np.testing.assert_allclose(H, H_theirs, atol=1e-4 * H_theirs.max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_happens_to_zeros(dtype):
    X = spread_spectrum(60, 30).astype(dtype)
    kept, mean, noise = (np.concatenate([F.ravel() for F in start(name, X, 4)]) for name in NNDSVD)
    zero = kept == 0
    assert zero.any()
    np.testing.assert_array_equal(mean[~zero], kept[~zero])
    np.testing.assert_array_equal(noise[~zero], kept[~zero])
    np.testing.assert_array_equal(mean[zero], dtype(X.mean(dtype=np.float64)))
    assert len(np.unique(noise[zero])) > zero.sum() // 2
    assert np.all(noise[zero] < X.mean() / 10)


def test_random_is_the_draw_of_scikit_learn():
    X = make_data("uniform", 40, 20)
    W, H = start("random", X, 3, seed=7)
    W_theirs, H_theirs = _nmf._initialize_nmf(X, 3, init="random", random_state=7)
    np.testing.assert_allclose(W, W_theirs, rtol=1e-14)
    np.testing.assert_allclose(H, H_theirs, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (8, 8), (300, 4), (200, 150)], ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("init", list(INITS))
def test_every_init_on_every_matrix(init, kind, shape, dtype):
    X = make_data(kind, *shape).astype(dtype)
    for k in {1, min(min(shape), 4)}:
        assert_factors(X, *start(init, X, k), k)


def test_default_is_nndsvda():
    X = make_data("uniform", 9, 6)
    by_default, named = (
        factorize(X, 6, init=init, random_state=0, tol=1e-2, max_iter=1000) for init in (None, "nndsvda")
    )
    np.testing.assert_array_equal(by_default.W, named.W)


@pytest.mark.parametrize("shape", [(9, 6), (4, 9), (600, 4)], ids=str)
def test_default_with_more_components_than_rank(shape):
    X = make_data("uniform", *shape)
    k = min(shape) + 3
    result = factorize(X, k, random_state=0, tol=1e-2, max_iter=1000)
    assert_factors(X, result.W, result.H, k)
    # Each of them is of use: none starts at zero and stays there.
    assert (result.W.max(axis=0) > 0).all()
    assert (result.H.max(axis=1) > 0).all()


def test_nndsvd_starts_below_random():
    X = make_data("low rank", 60, 30)
    first = {init: objective(X, *start(init, X, 2)) for init in ("random", "nndsvd")}
    assert first["nndsvd"] < 0.5 * first["random"]
