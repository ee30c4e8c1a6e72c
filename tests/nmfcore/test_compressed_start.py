from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from nmfcore import factorize, objective
from nmfcore.data import Data
from nmfcore.solvers import compressed_start
from tests.nmfcore.data import make_data


def begin(X, k, init="nndsvda", seed=0, weight=None):
    data = Data(X, None, weight)
    root = 1.0 if weight is None else np.sqrt(weight)[:, None]
    A = X.toarray() if sp.issparse(X) else X
    reference = 0.5 * float(np.sum(np.square(root * A), dtype=np.float64))
    return compressed_start.start(data, k, init, reference, np.random.RandomState(seed))


@pytest.mark.parametrize("shape", [(300, 260), (260, 300), (90, 12)])
def test_the_start_is_near_the_end(shape):
    X = make_data("uniform", *shape)
    end = factorize(X, 4, random_state=0, tol=1e-7, max_iter=2000).loss_history[-1]
    W, H = begin(X, 4)
    assert (W >= 0).all()
    assert (H >= 0).all()
    assert objective(X, W, H) <= 1.02 * end + 1e-4 * 0.5 * np.sum(X * X)


def test_an_exact_factorization_is_found_on_the_basis():
    rng = np.random.default_rng(0)
    X = rng.random((400, 3)) @ rng.random((3, 350))
    W, H = begin(X, 3)
    assert objective(X, W, H) < 1e-4 * 0.5 * np.sum(X * X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_and_dense_start_alike(dtype):
    X = make_data("uniform", 120, 80).astype(dtype)
    X[X < np.median(X)] = 0
    losses = [objective(X, *begin(A, 3)) for A in (X, sp.csr_array(X))]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_a_weight_of_two_is_a_row_given_twice():
    X = make_data("uniform", 40, 15)
    weight = np.ones(40)
    weight[:7] = 2.0
    W, H = begin(X, 3, weight=weight)
    twice = begin(np.concatenate([X, X[:7]]), 3)
    np.testing.assert_allclose(H, twice[1], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(W, twice[0][:40], rtol=1e-6, atol=1e-9)


def test_rows_without_weight_start_at_zero():
    X = make_data("uniform", 40, 15)
    weight = np.ones(40)
    weight[5] = 0.0
    W, _ = begin(X, 3, weight=weight)
    assert (W[5] == 0).all()
    assert np.isfinite(W).all()


@pytest.mark.parametrize("init", ["random", "nndsvd", "nndsvdar"])
def test_the_init_is_where_it_begins(init):
    X = make_data("uniform", 100, 60)
    W, H = begin(X, 5, init)
    first = [objective(X, *factors) for factors in (begin(X, 5, init), (W, H))]
    assert first[0] == first[1]
    assert not np.array_equal(H, begin(X, 5, "nndsvda")[1])
