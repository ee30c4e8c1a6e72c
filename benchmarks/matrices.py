"""Matrices made by a recipe, for the cases that need no data."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

HOP_SECONDS, HIGHEST_HZ = 0.012, 11_025.0


def spectrogram(n_frames: int, n_bins: int = 513, n_notes: int = 24, seed: int = 0) -> NDArray[np.float32]:
    """Return the power spectrogram of notes with harmonics: exponentially distributed about a sum of parts.

    Parameters
    ----------
    n_frames, n_bins, n_notes, seed : int

    Returns
    -------
    ndarray of float32, shape (n_frames, n_bins)
        Frames x frequencies, positive.

    Notes
    -----
    A note is a fundamental between 80 and 1000 Hz with harmonics that fall as 1 / h^1.5, each a Gaussian peak of two
    bins; it starts at random and decays. White noise lies 50 dB below the loudest mean. Each entry is its mean times a
    standard exponential variable, the model under which Itakura-Saito is the log-likelihood.
    """
    rng = np.random.default_rng(seed)
    hertz = np.linspace(0.0, HIGHEST_HZ, n_bins)
    width = 2.0 * hertz[1]
    fundamentals = np.sort(80.0 * 12.5 ** rng.random(n_notes))
    orders = np.arange(1, 31)
    peaks = np.exp(-0.5 * ((hertz - fundamentals[:, None, None] * orders[:, None]) / width) ** 2)
    notes = (peaks * orders[:, None] ** -1.5).sum(axis=1)
    onsets = rng.random((n_frames, n_notes)) < 0.02
    loudness = np.zeros((n_frames, n_notes))
    decay = np.exp(-HOP_SECONDS / rng.uniform(0.1, 0.6, n_notes))
    level = np.zeros(n_notes)
    for frame in range(n_frames):
        level = np.where(onsets[frame], rng.gamma(2.0, 0.5, n_notes), level * decay)
        loudness[frame] = level
    mean = loudness @ notes
    mean += 1e-5 * mean.max()
    return (mean * rng.standard_exponential(mean.shape)).astype(np.float32)


def counts(n_samples: int, n_features: int, n_components: int, seed: int = 0) -> NDArray[np.float32]:
    """Return Poisson counts about a product of gamma-distributed factors, 2 on average.

    Returns
    -------
    ndarray of float32, shape (n_samples, n_features)
    """
    rng = np.random.default_rng(seed)
    W, H = rng.gamma(0.5, 1.0, (n_samples, n_components)), rng.gamma(0.5, 1.0, (n_components, n_features))
    mean = W @ H
    return rng.poisson(mean * (2.0 / mean.mean())).astype(np.float32)


def words(n_documents: int, n_words: int, n_topics: int, mean_length: int = 120, seed: int = 0) -> sp.csr_matrix:
    """Return counts of words in documents: Zipf's law over all, topics that lean on words of their own.

    Parameters
    ----------
    n_documents, n_words, n_topics : int
    mean_length : int, default=120
        Words of a document, on average; lengths are Poisson distributed.
    seed : int, default=0

    Returns
    -------
    scipy.sparse.csr_matrix of float32, shape (n_documents, n_words)

    Notes
    -----
    Word w has probability proportional to 1 / (w + 3); each topic multiplies it by its own gamma variable (shape 0.1).
    A document mixes three topics in Dirichlet shares.
    """
    rng = np.random.default_rng(seed)
    common = 1.0 / (np.arange(n_words) + 3.0)
    topics = common * rng.gamma(0.1, 1.0, (n_topics, n_words))
    steps = np.cumsum(topics / topics.sum(axis=1, keepdims=True), axis=1)
    lengths = rng.poisson(mean_length, n_documents) + 1
    shares = rng.dirichlet((1.0, 0.7, 0.4), n_documents)
    chosen = rng.integers(0, n_topics, (n_documents, 3))
    document = np.repeat(np.arange(n_documents), lengths)
    pick = (rng.random(len(document))[:, None] > np.cumsum(shares, axis=1)[document]).sum(axis=1)
    topic = chosen[document, np.minimum(pick, 2)]
    word = np.empty(len(document), dtype=np.int64)
    for number in range(n_topics):
        mine = topic == number
        word[mine] = np.searchsorted(steps[number], rng.random(int(mine.sum())))
    ones = np.ones(len(word), dtype=np.float32)
    X = sp.coo_matrix((ones, (document, np.minimum(word, n_words - 1))), shape=(n_documents, n_words)).tocsr()
    X.sum_duplicates()
    return X
