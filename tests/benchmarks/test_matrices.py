from __future__ import annotations

import numpy as np

from benchmarks.bandwidth import read_and_write
from benchmarks.matrices import counts, cube, expression, mixtures, portraits, ratings, spectrogram, tf_idf, words


def test_spectrogram_is_positive_and_of_few_parts():
    X = spectrogram(400, 129, 4)
    assert X.shape == (400, 129)
    assert X.dtype == np.float32
    assert X.min() > 0
    values = np.linalg.svd(X.astype(float), compute_uv=False)
    noise = np.linalg.svd(np.random.default_rng(0).standard_exponential(X.shape), compute_uv=False)
    assert values[4] / values[0] < 0.8
    assert values[:4].sum() / values.sum() > 1.3 * noise[:4].sum() / noise.sum()


def test_counts_are_whole_numbers_about_two():
    X = counts(300, 80, 5)
    assert np.array_equal(X, np.rint(X))
    assert abs(X.mean() - 2) < 0.1


def test_words_are_sparse_counts_that_fall_with_rank():
    X = words(2000, 500, 10, mean_length=50)
    assert X.shape == (2000, 500)
    assert X.has_canonical_format
    assert X.data.min() >= 1
    assert abs(X.sum() / 2000 - 51) < 1
    totals = np.asarray(X.sum(axis=0)).ravel()
    assert totals[:50].mean() > 5 * totals[50:].mean()
    assert (words(200, 50, 3, seed=1) != words(200, 50, 3, seed=2)).nnz > 0


def test_tf_idf_has_rows_of_unit_length_and_rare_words_weigh_more():
    X, plain = tf_idf(300, 200, 4, seed=1), words(300, 200, 4, seed=1)
    assert np.allclose(np.sqrt(X.multiply(X).sum(axis=1)), 1)
    row = X[0].toarray().ravel()
    once = np.flatnonzero(plain[0].toarray().ravel() == 1)
    order = np.argsort(np.bincount(plain.indices, minlength=200)[once])
    assert np.all(np.diff(row[once][order]) <= 1e-12)


def test_expression_is_mostly_zero_and_of_few_programs():
    X = expression(300, 100, 4)
    assert np.allclose(np.expm1(X), np.rint(np.expm1(X)), atol=1e-4)
    assert 0.5 < (X == 0).mean() < 0.95


def test_ratings_are_one_to_five_at_the_share_asked_for():
    X = ratings(200, 100, 0.1)
    assert set(np.unique(X.data)) == {1.0, 2.0, 3.0, 4.0, 5.0}
    assert X.nnz == 2000


def test_pixels_of_a_cube_are_mixtures_of_its_materials():
    values = np.linalg.svd(cube(2000, 60, 3), compute_uv=False)
    assert values[3] < 0.1 * values[2]


def test_portraits_lie_between_zero_and_one():
    X = portraits(40, 16)
    assert X.shape == (40, 256)
    assert X.min() >= 0
    assert X.max() == 1
    assert np.linalg.matrix_rank(X, tol=0.05 * np.linalg.norm(X, 2)) < 20


def test_mixtures_are_a_product_and_the_noise_that_was_asked_for():
    exact, noisy = mixtures(200, 50, 4, noise=0.0), mixtures(200, 50, 4, noise=0.2)
    assert np.linalg.matrix_rank(exact) == 4
    assert abs(np.std(noisy - exact) - 0.2) < 0.02


def test_bandwidth_reads_x_and_writes_every_entry_of_w():
    X, W = np.ones((5, 1000), dtype=np.float32).T, np.full((1000, 3), 7.0, dtype=np.float32)
    assert read_and_write(X, W, passes=1) > 0
    assert not W.any()
    assert X.all()
