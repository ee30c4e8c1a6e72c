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


def tf_idf(n_documents: int, n_words: int, n_topics: int, seed: int = 0) -> sp.csr_matrix:
    """Return `words` with logarithmic counts, weighted by rarity, rows of unit length.

    Returns
    -------
    scipy.sparse.csr_matrix of float64, shape (n_documents, n_words)
    """
    X = words(n_documents, n_words, n_topics, seed=seed).astype(np.float64)
    X.data = 1.0 + np.log(X.data)
    frequency = np.bincount(X.indices, minlength=n_words)
    X.data *= (1.0 + np.log((1.0 + n_documents) / (1.0 + frequency)))[X.indices]
    lengths = np.sqrt(np.bincount(np.repeat(np.arange(n_documents), np.diff(X.indptr)), X.data**2, n_documents))
    X.data /= np.repeat(lengths, np.diff(X.indptr))
    return X


def expression(n_cells: int, n_genes: int, n_programs: int, seed: int = 0) -> NDArray[np.float32]:
    """Return log(1 + counts) of genes in cells: programs of a fifth of the genes each, Poisson counts, mostly zero.

    Returns
    -------
    ndarray of float32, shape (n_cells, n_genes)
    """
    rng = np.random.default_rng(seed)
    programs = rng.random((n_programs, n_genes)) * (rng.random((n_programs, n_genes)) < 0.2)
    mean = 0.3 * rng.negative_binomial(1, 0.3, (n_cells, n_programs)) @ programs
    return np.log1p(rng.poisson(mean)).astype(np.float32)


def ratings(n_users: int, n_items: int, share: float = 0.045, seed: int = 0) -> sp.csr_matrix:
    """Return ratings of 1 to 5 at random places; what is not rated is zero.

    Parameters
    ----------
    n_users, n_items : int
    share : float, default=0.045
        Of the entries that are stored.
    seed : int, default=0

    Returns
    -------
    scipy.sparse.csr_matrix of float64, shape (n_users, n_items)
    """
    rng = np.random.default_rng(seed)
    return sp.random(
        n_users,
        n_items,
        share,
        format="csr",
        random_state=rng,
        data_rvs=lambda size: rng.integers(1, 6, size).astype(np.float64),
    )


def cube(n_pixels: int, n_bands: int, n_materials: int, seed: int = 0) -> NDArray[np.float64]:
    """Return pixels of a spectral image: smooth spectra mixed by fractions that sum to one, and 1 % noise.

    Returns
    -------
    ndarray of float64, shape (n_pixels, n_bands)
    """
    rng = np.random.default_rng(seed)
    band = np.linspace(0.0, 1.0, n_bands)
    centres, widths = rng.random((n_materials, 4, 1)), rng.uniform(0.03, 0.2, (n_materials, 4, 1))
    spectra = (rng.random((n_materials, 4, 1)) * np.exp(-0.5 * ((band - centres) / widths) ** 2)).sum(axis=1)
    fractions = rng.dirichlet(np.full(n_materials, 0.4), n_pixels)
    noise = 0.01 * rng.standard_normal((n_pixels, n_bands))
    return np.maximum(fractions @ spectra + noise, 0.0)


def portraits(n_images: int, side: int, n_parts: int = 60, seed: int = 0) -> NDArray[np.float64]:
    """Return images of overlapping soft spots whose brightness varies from image to image, between 0 and 1.

    Returns
    -------
    ndarray of float64, shape (n_images, side * side)
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    places, widths = rng.random((n_parts, 2, 1, 1)), rng.uniform(0.03, 0.3, (n_parts, 1, 1))
    parts = np.exp(-((y - places[:, 0]) ** 2 + (x - places[:, 1]) ** 2) / (2.0 * widths**2)).reshape(n_parts, -1)
    images = rng.gamma(1.0, 1.0, (n_images, n_parts)) @ parts
    images *= 1.0 + 0.05 * rng.standard_normal(images.shape)
    return np.maximum(images, 0.0) / images.max()


def mixtures(
    n_samples: int, n_features: int, n_components: int, noise: float = 0.1, seed: int = 0
) -> NDArray[np.float64]:
    """Return a product of uniform factors plus normal noise, negative entries set to 0.

    Parameters
    ----------
    n_samples, n_features, n_components : int
    noise : float, default=0.1
        Standard deviation.
    seed : int, default=0

    Returns
    -------
    ndarray of float64, shape (n_samples, n_features)
    """
    rng = np.random.default_rng(seed)
    X = rng.random((n_samples, n_components)) @ rng.random((n_components, n_features))
    return np.maximum(X + noise * rng.standard_normal(X.shape), 0.0)
