from __future__ import annotations

import numpy as np
import pytest

from benchmarks.unmixing import PLANTED, laurberg, match, shares
from nmfcore import NMF, factorize


@pytest.mark.parametrize("beta_loss", ["frobenius", "kullback-leibler"])
@pytest.mark.parametrize("a", [0.1, 0.3])
def test_the_unique_factorization_is_found(a, beta_loss):
    planted = laurberg(a)
    result = factorize(
        planted.X, 3, beta_loss=beta_loss, init="random", n_restarts=6, tol=1e-8, max_iter=5000, random_state=0
    )
    for factor in (result.H, result.W.T):
        columns, angles = match(factor, planted.H)
        assert sorted(columns) == [0, 1, 2]
        assert angles.max() < 0.1
    np.testing.assert_allclose(result.W @ result.H, planted.X, atol=1e-3)


def test_laurbergs_matrix_has_other_factorizations_beyond_the_bound():
    # For a > 1/2 the factors are no longer unique: runs from different starts fit exactly and differ.
    planted = laurberg(0.8)
    fits = [factorize(planted.X, 3, init="random", tol=1e-12, max_iter=50_000, random_state=seed) for seed in range(6)]
    exact = [fit.H for fit in fits if fit.reconstruction_err < 1e-3]
    assert len(exact) >= 2
    assert max(match(H, planted.H)[1].max() for H in exact) > 1.0


@pytest.mark.parametrize("solver", ["cd", "mu"])
def test_rank_one_of_least_squares_is_the_leading_singular_pair(solver):
    X = np.random.default_rng(0).gamma(2.0, 1.0, (30, 12))
    U, S, Vt = np.linalg.svd(X)
    result = factorize(X, 1, solver=solver, tol=1e-12, max_iter=5000)
    np.testing.assert_allclose(result.W @ result.H, S[0] * np.outer(U[:, 0], Vt[0]), rtol=1e-6)
    assert result.reconstruction_err == pytest.approx(np.sqrt((S[1:] ** 2).sum()), rel=1e-9)


@pytest.mark.parametrize("solver", ["cd", "mu"])
def test_rank_one_of_kullback_leibler_is_the_product_of_the_sums(solver):
    X = np.random.default_rng(0).poisson(3.0, (30, 12)).astype(float)
    result = factorize(X, 1, solver=solver, beta_loss="kullback-leibler", tol=1e-12, max_iter=5000)
    np.testing.assert_allclose(result.W @ result.H, np.outer(X.sum(axis=1), X.sum(axis=0)) / X.sum(), rtol=1e-6)


def unmix(planted):
    """Return shares and spectra: X transposed, so that orthogonality_H keeps the maps of the materials apart."""
    strength = 3e-3 * float((planted.X**2).sum())
    model = NMF(len(planted.H), orthogonality_H=strength, max_iter=1000, random_state=0)
    spectra = model.fit_transform(np.ascontiguousarray(planted.X.T)).T
    return shares(model.components_.T, spectra, planted.H), spectra


# Measured: 3.3 and 10.1 degrees, RMSE .042 and .071; with the true maps given, the best spectra of the drifting EELS
# cube are 9.9 degrees off.
@pytest.mark.parametrize(("name", "degrees", "rmse"), [("Samson", 5.0, 0.06), ("EELS", 11.0, 0.09)])
def test_materials_are_unmixed(shared_data, name, degrees, rmse):
    planted = PLANTED[name](shared_data / "unmixing")
    found, spectra = unmix(planted)
    assert match(spectra, planted.H)[1].max() < degrees
    assert np.sqrt(np.mean((found - planted.W) ** 2)) < rmse
    # Nothing but that term tells the materials apart.
    plain = NMF(len(planted.H), random_state=0).fit(planted.X)
    assert match(plain.components_, planted.H)[1].max() > 1.3 * degrees


def test_the_parts_of_the_swimmer_are_found(shared_data):
    planted = PLANTED["swimmer"](shared_data / "unmixing")
    strength = 1e-2 * float((planted.X**2).sum())
    model = NMF(17, init="random", n_restarts=10, orthogonality_H=strength, max_iter=500, random_state=0)
    _, angles = match(model.fit(planted.X).components_, planted.H)
    assert angles.max() < 15.0


def test_matching_and_shares_see_through_order_and_scale():
    rng = np.random.default_rng(0)
    W, H = rng.dirichlet(np.ones(4), 50), rng.random((4, 9))
    order, scale = rng.permutation(4), rng.uniform(0.1, 10, 4)
    columns, angles = match((H * scale[:, None])[order], H)
    assert np.array_equal(order[columns], np.arange(4))
    np.testing.assert_allclose(angles, 0, atol=1e-5)
    np.testing.assert_allclose(shares((W / scale)[:, order], (H * scale[:, None])[order], H), W, atol=1e-12)
    assert match(np.roll(np.eye(4), 1, axis=1)[:2] + 0.5, np.eye(4)[:2])[1].max() > 10
