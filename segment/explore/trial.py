"""Try one candidate on features that several share."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from segment.evaluate import adjusted_rand_index, count_overlap
from segment.model import FittedModel, Parameters
from segment.model.abundances import largest, normalise
from segment.model.smoothing import smooth
from segment.model.training import draw, learn, unmix
from segment.records import FeatureStack

N_SEEDS = 3


@dataclass(frozen=True, eq=False)
class Sample:
    """Some pixels under one look.

    Attributes
    ----------
    X : ndarray of float32, shape (n, n_features)
    levels : ndarray of float32, shape (n,)
        Their grey levels.
    """

    X: NDArray[np.float32]
    levels: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Shared:
    """The features of an image under one look, as far as its candidates need them.

    Attributes
    ----------
    grid : FeatureStack
        Features of the exploration's grid.
    samples : tuple of Sample
        Pixels drawn at random, another draw for each seed.
    total : int
        Pixels of the image.
    """

    grid: FeatureStack
    samples: tuple[Sample, ...]
    total: int


@dataclass(frozen=True, eq=False)
class Trial:
    """One candidate before it is compared with the others.

    Attributes
    ----------
    parameters : Parameters
    labels : ndarray of uint8, shape (h, w)
        Of the exploration's grid; phases from dark to bright.
    stability : float
        Mean adjusted Rand index between three seeds' labels of one sample.
    """

    parameters: Parameters
    labels: NDArray[np.uint8]
    stability: float


def share(stack: FeatureStack, grey: NDArray[np.float32], parameters: Parameters, step: int) -> Shared:
    """Take from the features of all pixels what candidates with these parameters, but for their phases, need."""
    X, levels = stack.X, grey.ravel()
    count = min(parameters.max_pixels, len(X))
    seeds = range(parameters.random_state, parameters.random_state + N_SEEDS)
    # The first seed draws what a preset's own fit to this image draws.
    draws = [draw(np.random.default_rng(seed), len(X), count) for seed in seeds]
    samples = tuple(Sample(np.asfortranarray(X[drawn]), levels[drawn]) for drawn in draws)
    grid = FeatureStack(np.ascontiguousarray(stack.data[:, ::step, ::step]), stack.names)
    return Shared(grid, samples, len(X))


def try_candidate(shared: Shared, parameters: Parameters, step: int) -> Trial:
    """Fit a candidate from several seeds, and map it from the first, as a preset with these parameters does.

    Parameters
    ----------
    shared : Shared
    parameters : Parameters
    step : int
        Distance of the grid's points in pixels.

    Returns
    -------
    Trial
    """
    with warnings.catch_warnings():
        # That a component explains nothing is seen in the map.
        warnings.simplefilter("ignore", RuntimeWarning)
        models = [_fit(shared, parameters, seed) for seed in range(len(shared.samples))]
    first = shared.samples[0].X
    judged = [largest(unmix(FeatureStack(first.T[:, None], shared.grid.names), model)) for model in models]
    k = parameters.n_phases
    stability = np.mean([adjusted_rand_index(count_overlap(a, b, k, k)) for a, b in combinations(judged, 2)])
    shares = unmix(shared.grid, models[0]).reshape(k, *shared.grid.data.shape[1:])
    # The Laplacian counts pixels: neighbours that are `step` apart are bound step^2 times as loosely.
    labels = largest(normalise(smooth(shares, parameters.smoothness / step**2)))
    return Trial(parameters, labels, float(stability))


def _fit(shared: Shared, parameters: Parameters, seed: int) -> FittedModel:
    """Learn from a seed's sample; the first seed starts as a preset does, the others at random."""
    sample = shared.samples[seed]
    if seed:
        parameters = replace(parameters, random_state=parameters.random_state + seed, init="random")
    return learn(sample.X, sample.levels, parameters, shared.total)
