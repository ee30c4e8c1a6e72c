"""Try one candidate on features that several share."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from segment.evaluate import adjusted_rand_index, count_overlap
from segment.model import Parameters
from segment.model.abundances import largest, scale
from segment.model.sharpening import sharpen
from segment.model.smoothing import smooth
from segment.model.training import find_starts, solver

# Pixels that a fit looks at; a third of the fits' time is saved, and nothing lost, against four times as many.
SAMPLE = 4000
N_SEEDS = 3


@dataclass(frozen=True, eq=False)
class Shared:
    """The features of an image under one look, as far as its candidates need them.

    Attributes
    ----------
    rows : ndarray of float32, shape (n_features, h, w)
        Features of the exploration's grid.
    samples : tuple of ndarray of float32, shape (n, n_features)
        Features of pixels drawn at random, another draw for each seed.
    """

    rows: NDArray[np.float32]
    samples: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, eq=False)
class Trial:
    """One candidate before it is compared with the others.

    Attributes
    ----------
    parameters : Parameters
    labels : ndarray of uint8, shape (h, w)
        Of the exploration's grid.
    stability : float
        Mean adjusted Rand index between three seeds' labels of one sample.
    """

    parameters: Parameters
    labels: NDArray[np.uint8]
    stability: float


def share(data: NDArray[np.float32], step: int, random_state: int) -> Shared:
    """Take from the features of all pixels, shape (n_features, h, w), what candidates need."""
    X = data.reshape(len(data), -1)
    seeds = range(random_state, random_state + N_SEEDS)
    draws = [np.random.default_rng(seed).choice(X.shape[1], min(SAMPLE, X.shape[1]), replace=False) for seed in seeds]
    samples = tuple(np.ascontiguousarray(X[:, np.sort(draw)].T) for draw in draws)
    return Shared(np.ascontiguousarray(data[:, ::step, ::step]), samples)


def try_candidate(shared: Shared, parameters: Parameters, step: int) -> Trial:
    """Fit a candidate from several seeds, and map it from the first.

    Parameters
    ----------
    shared : Shared
    parameters : Parameters
    step : int
        Distance of the grid's points in pixels.

    Returns
    -------
    Trial
        Its phases in the engine's order.
    """
    fits = [_fit(sample, parameters, seed) for seed, sample in enumerate(shared.samples)]
    judged = [largest(_unmix(shared.samples[0], H, parameters)) for H in fits]
    k = parameters.n_phases
    stability = np.mean([adjusted_rand_index(count_overlap(a, b, k, k)) for a, b in combinations(judged, 2)])
    n_features, *shape = shared.rows.shape
    shares = _unmix(shared.rows.reshape(n_features, -1).T, fits[0], parameters).reshape(k, *shape)
    # The Laplacian counts pixels: neighbours that are `step` apart are bound step^2 times as loosely.
    return Trial(parameters, largest(smooth(shares, parameters.smoothness / step**2)), float(stability))


def _fit(X: NDArray[np.float32], parameters: Parameters, seed: int) -> NDArray[np.float32]:
    """Return sharpened components; the first seed starts as a preset would, the others at random."""
    nmf = solver(parameters, find_starts(parameters, X.shape[1])[0] if seed == 0 else "random", X.shape)
    nmf.set_params(random_state=parameters.random_state + seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        W = nmf.fit_transform(X)
    lengths = np.linalg.norm(nmf.components_, axis=1)
    return sharpen(X, W * lengths, nmf.components_, parameters.sharpening)


def _unmix(X: NDArray[np.float32], H: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
    nmf = solver(parameters, "random", X.shape)
    nmf.components_ = np.ascontiguousarray(H, dtype=np.float32)
    return scale(nmf.transform(X), np.linalg.norm(H, axis=1).astype(np.float32))
