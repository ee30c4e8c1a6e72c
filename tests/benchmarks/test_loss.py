from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from benchmarks import loss


def factors(rng):
    return rng.random((23, 2)).astype(np.float32), rng.random((2, 5)).astype(np.float32)


def by_definition(X, W, H, beta_loss):
    x, y = X.astype(float), W.astype(float) @ H.astype(float)
    if beta_loss == "frobenius":
        return 0.5 * np.linalg.norm(x - y) ** 2
    if beta_loss == "itakura-saito":
        return sum(a / b - np.log(a / b) - 1 for a, b in zip(x.flat, y.flat, strict=True))
    return sum((a * np.log(a / b) if a else 0.0) - a + b for a, b in zip(x.flat, y.flat, strict=True))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("beta_loss", ["frobenius", "kullback-leibler", "itakura-saito"])
def test_loss_in_blocks_is_the_loss(order, beta_loss, monkeypatch):
    monkeypatch.setattr(loss, "ENTRIES", 37)
    rng = np.random.default_rng(0)
    W, H = factors(rng)
    X = np.array(rng.random((23, 5)) + 0.01, dtype=np.float32, order=order)
    assert loss.divergence(X, W, H, beta_loss) == pytest.approx(by_definition(X, W, H, beta_loss), rel=1e-12)


@pytest.mark.parametrize("beta_loss", ["frobenius", "kullback-leibler"])
def test_loss_of_a_sparse_matrix_is_that_of_the_dense_one(beta_loss, monkeypatch):
    monkeypatch.setattr(loss, "ENTRIES", 37)
    rng = np.random.default_rng(1)
    W, H = factors(rng)
    X = sp.csr_matrix(rng.poisson(0.4, (23, 5)).astype(np.float32))
    assert loss.divergence(X, W, H, beta_loss) == pytest.approx(by_definition(X.toarray(), W, H, beta_loss), rel=1e-12)


def test_loss_is_infinite_where_a_factorization_cannot_be():
    X, W, H = np.ones((2, 2)), np.zeros((2, 1)), np.ones((1, 2))
    assert loss.divergence(X, W, H, "kullback-leibler") == np.inf
    assert loss.divergence(X, W, H, "itakura-saito") == np.inf
    with pytest.raises(ValueError, match="infinite for sparse"):
        loss.divergence(sp.csr_matrix(X), W, H, "itakura-saito")


def test_trivial_loss_is_that_of_nothing_or_of_the_mean():
    X = np.array([[1.0, 2.0], [3.0, 6.0]])
    assert loss.trivial_loss(X) == pytest.approx(25.0)
    mean = np.full((2, 1), 3.0), np.ones((1, 2))
    assert loss.trivial_loss(X, "kullback-leibler") == pytest.approx(by_definition(X, *mean, "kullback-leibler"))
