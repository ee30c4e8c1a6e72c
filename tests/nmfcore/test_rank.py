from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import scipy.sparse as sp

import nmfcore.rank
from nmfcore import factorize, select_rank


def planted(m, n, k, noise, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.gamma(0.5, size=(m, k)) @ rng.gamma(0.5, size=(k, n))
    return np.maximum(X + noise * X.std() * rng.standard_normal((m, n)), 0)


@pytest.mark.parametrize(
    ("m", "n", "k", "noise"),
    [(50, 40, 1, 0.1), (60, 30, 3, 0.05), (40, 60, 6, 0.2), (80, 50, 8, 0.03), (3000, 6, 3, 0.05)],
)
def test_the_planted_number_is_found(m, n, k, noise):
    ks = sorted({1, k - 1, k, k + 1, min(k + 3, n - 1)} - {0})
    table = select_rank(planted(m, n, k, noise), ks, n_splits=4, n_restarts=3, max_samples=250, random_state=0)
    assert table.best == k
    # No tautology: what a fit is made to lower falls beyond k too, so it could not have told.
    assert (np.diff(table.objective) < 0).all()
    at = table.k.tolist().index(k)
    assert (table.error[:at] > 1.1 * table.error[at]).all()
    assert (table.error[at + 1 :] > table.error[at]).all()


def test_more_components_than_planted_are_less_stable():
    table = select_rank(planted(60, 30, 3, 0.05), [1, 3, 6], n_splits=2, random_state=0)
    assert table.stability[0] == pytest.approx(1, abs=1e-6)
    assert table.stability[1] > 0.99
    assert table.stability[2] < 0.97


def test_noise_alone_asks_for_one_component():
    X = np.random.default_rng(0).random((60, 25)) + 1
    assert select_rank(X, [1, 2, 4], n_splits=4, n_restarts=2, random_state=0).best == 1


def test_sparse_data_hold_out_blocks():
    X = planted(90, 60, 4, 0.03)
    X[X < 0.05] = 0
    table = select_rank(sp.csr_array(X), [2, 3, 4, 6], n_splits=4, n_restarts=3, random_state=0)
    assert table.best == 4
    assert (np.diff(table.objective) < 0).all()


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
def test_counts_by_kullback_leibler(make):
    # Every feature in some component: a product of 0 where a count is held out has an infinite loss.
    rng = np.random.default_rng(0)
    X = rng.poisson(40 * rng.random((70, 3)) ** 4 @ (rng.random((3, 40)) ** 2 + 0.05)).astype(float)
    table = select_rank(
        make(X), [1, 2, 3, 5], beta_loss="kullback-leibler", n_splits=4, n_restarts=2, tol=1e-3, random_state=0
    )
    assert table.best == 3


def test_missing_values_are_neither_fitted_nor_held_out():
    X = planted(60, 20, 2, 0.05)
    X[np.random.default_rng(1).random(X.shape) < 0.1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        select_rank(X, [1, 2])
    table = select_rank(X, [1, 2, 4], missing="mask", n_splits=3, n_restarts=2, random_state=0)
    assert np.isfinite(table.errors).all()
    assert table.best == 2


def test_held_out_entries_are_not_seen_by_the_fit(monkeypatch):
    X = planted(30, 10, 2, 0.05)
    masks = []

    def spy(X, k, *, mask=None, **parameters):
        masks.append(mask)
        return factorize(X, k, mask=mask, **parameters)

    monkeypatch.setattr(nmfcore.rank, "factorize", spy)
    table = select_rank(X, [1, 2], holdout=0.2, n_splits=3, n_restarts=2, random_state=0)
    fitted = [mask for mask in masks if mask is not None]
    assert len(fitted) == 2 * 3
    for mask in fitted:
        np.testing.assert_array_equal((~mask).sum(axis=1), np.full(30, 2))
    # The same entries for every k, others in every split.
    np.testing.assert_array_equal(fitted[:3], fitted[3:])
    assert not np.array_equal(fitted[0], fitted[1])
    # The error of one split, by its definition.
    run = factorize(X, 1, mask=fitted[0], n_restarts=2, init="random", max_iter=500, random_state=0)
    missed = 0.5 * ((X - run.W @ run.H)[~fitted[0]] ** 2).mean()
    assert table.errors[0, 0] == pytest.approx(missed, rel=1e-3)


def test_the_table():
    X = planted(40, 12, 2, 0.05)
    table = select_rank(X, (3, 1, 2, 2), n_splits=3, n_restarts=2, random_state=0)
    again = select_rank(X, (3, 1, 2, 2), n_splits=3, n_restarts=2, random_state=0)
    np.testing.assert_array_equal(table.errors, again.errors)
    assert table.k.tolist() == [1, 2, 3]
    np.testing.assert_allclose(table.error, table.errors.mean(axis=1))
    np.testing.assert_allclose(table.standard_error, table.errors.std(axis=1, ddof=1) / np.sqrt(3))
    columns = json.loads(json.dumps(table.to_dict()))
    assert list(columns) == ["k", "error", "standard_error", "stability", "objective"]
    assert {len(column) for column in columns.values()} == {3}
    lines = str(table).splitlines()
    assert len(lines) == 5
    assert [line[0] for line in lines[1:4]] == [" ", "*", " "]
    assert "from 40 samples" in lines[-1]
    with pytest.raises(dataclasses.FrozenInstanceError):
        table.best = 1


def test_many_samples_are_sampled():
    table = select_rank(planted(400, 6, 2, 0.05), [1, 2], max_samples=100, n_splits=2, n_restarts=2, random_state=0)
    assert table.n_samples == 100


@pytest.mark.parametrize(
    ("parameters", "error", "named"),
    [
        ({"ks": []}, ValueError, "ks is empty"),
        ({"ks": [0]}, ValueError, "each of ks must be at least 1"),
        ({"ks": [1.5]}, TypeError, "each of ks must be an integer"),
        ({"holdout": 0.0}, ValueError, "holdout"),
        ({"holdout": 0.9}, ValueError, "holdout"),
        ({"n_splits": 1}, ValueError, "n_splits must be at least 2"),
        ({"n_restarts": 1}, ValueError, "n_restarts must be at least 2"),
        ({"max_samples": 1}, ValueError, "max_samples must be at least 2"),
        ({"missing": "drop"}, ValueError, "missing must be one of"),
        ({"X": np.ones((3, 1))}, ValueError, r"X \(3, 1\) is too small to hold out"),
    ],
)
def test_what_is_wrong_is_named(parameters, error, named):
    with pytest.raises(error, match=named):
        select_rank(**{"X": planted(20, 8, 2, 0.1), "ks": [1, 2], **parameters})


@pytest.mark.parametrize("seed", range(10))
def test_counts_of_which_half_are_zero(seed):
    # Once a held-out count where WH was 0 cost so much that k = 1 won.
    rng = np.random.default_rng(seed)
    X = rng.poisson(0.55 * rng.gamma(0.3, size=(200, 4)) @ rng.gamma(0.3, 16.0, size=(4, 40))).astype(float)
    X = X[X.any(axis=1)][:, X.any(axis=0)]
    settings = {"beta_loss": "kullback-leibler", "n_restarts": 2, "random_state": seed}
    assert select_rank(X, [1, 2, 3, 4, 5], **settings).best == 4
