from __future__ import annotations

import numpy as np

from benchmarks.bandwidth import read_and_write
from benchmarks.matrices import counts, spectrogram, words


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


def test_bandwidth_reads_x_and_writes_every_entry_of_w():
    X, W = np.ones((5, 1000), dtype=np.float32).T, np.full((1000, 3), 7.0, dtype=np.float32)
    assert read_and_write(X, W, passes=1) > 0
    assert not W.any()
    assert X.all()
