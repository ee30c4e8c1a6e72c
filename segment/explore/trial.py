"""Try one candidate on features that several share."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from segment.evaluate import adjusted_rand_index, count_overlap
from segment.explore.configurations import MAX_PIXELS
from segment.mixture.leaders import leaders
from segment.mixture.pixels import calm
from segment.mixture.select import sample
from segment.model import FittedModel, Parameters
from segment.model.abundances import normalise
from segment.model.choosing import choose
from segment.model.smoothing import smooth
from segment.model.training import choose_rows, draw_rows, extract_features, learn, refined, unmix
from segment.records import FeatureStack

N_SEEDS = 3
# Edge of the part from the middle of an image at whose boundaries the fits of further seeds are judged.
MIDDLE = 256


@dataclass(frozen=True, eq=False)
class Sample:
    """Some pixels under one configuration.

    Attributes
    ----------
    rows : slice or ndarray of int
        Which pixels of the image.
    X : ndarray of float32, shape (n, n_features)
    levels : ndarray of float32, shape (n,)
        Their grey levels.
    """

    rows: slice | NDArray[np.int64]
    X: NDArray[np.float32]
    levels: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Shared:
    """An image and its features under one configuration.

    Attributes
    ----------
    grey : ndarray of float32, shape (h, w)
    stack : FeatureStack
    samples : tuple of Sample
        What the fit from each seed sees: the pixels that a preset's own fit to this image does, then other draws.
    """

    grey: NDArray[np.float32]
    stack: FeatureStack
    samples: tuple[Sample, ...]


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


def share(stack: FeatureStack, grey: NDArray[np.float32], parameters: Parameters) -> Shared:
    """Draw from the features of all pixels what candidates with these parameters, but for their phases, learn from."""
    X, levels = stack.X, grey.ravel()
    every = choose_rows([grey], parameters)
    for seed in range(parameters.random_state + 1, parameters.random_state + N_SEEDS):
        every.append(draw_rows(np.random.default_rng(seed), len(X), min(MAX_PIXELS, len(X))))
    return Shared(grey, stack, tuple(Sample(rows, np.asfortranarray(X[rows]), levels[rows]) for rows in every))


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
    chosen = choose([shared.grey], parameters)[0]
    if chosen != parameters:
        # Seen otherwise, and still what these parameters make.
        other = share(extract_features(shared.grey, chosen), shared.grey, chosen)
        return replace(try_candidate(other, chosen, step), parameters=parameters)
    with warnings.catch_warnings():
        # That a component explains nothing is seen in the map.
        warnings.simplefilter("ignore", RuntimeWarning)
        models = [_fit(shared, parameters, seed) for seed in range(len(shared.samples))]
    calmed, last = calm(shared.grey), shared.samples[-1]
    k, names = parameters.n_phases, shared.stack.names
    judged = [leaders(_shares(FeatureStack(last.X.T[:, None], names), calmed.ravel()[last.rows], m)) for m in models]
    stability = np.mean([adjusted_rand_index(count_overlap(a, b, k, k)) for a, b in combinations(judged, 2)])
    grid = FeatureStack(np.ascontiguousarray(shared.stack.data[:, ::step, ::step]), names)
    shares = _shares(grid, calmed[::step, ::step].ravel(), models[0]).reshape(k, *grid.data.shape[1:])
    # The Laplacian counts pixels: neighbours that are `step` apart are bound step^2 times as loosely.
    labels = leaders(normalise(smooth(shares, parameters.smoothness / step**2)))
    return Trial(parameters, labels, float(stability))


def _fit(shared: Shared, parameters: Parameters, seed: int) -> FittedModel:
    """Learn from a seed's sample; the first seed starts as a preset does, the others at random."""
    seen, grey = shared.samples[seed], shared.grey
    if seed:
        parameters = replace(parameters, random_state=parameters.random_state + seed, init="random")
    model = learn(seen.X, seen.levels, parameters, grey.size)
    if not parameters.refine:
        return model
    features, looked_at = _middle(shared) if seed else (shared.stack.X, grey)
    look_at = [(features, looked_at, calm(looked_at))]
    return refined(model, sample(seen.X, [grey], [seen.rows]), look_at)


def _middle(shared: Shared) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return features and grey levels of the middle of the image: less to look at where only stability is asked."""
    middle = tuple(slice(max(0, (edge - MIDDLE) // 2), (edge + MIDDLE) // 2) for edge in shared.grey.shape)
    part = np.ascontiguousarray(shared.stack.data[(slice(None), *middle)])
    return FeatureStack(part, shared.stack.names).X, np.ascontiguousarray(shared.grey[middle])


def _shares(stack: FeatureStack, calmed: NDArray[np.float32], model: FittedModel) -> NDArray[np.float32]:
    return unmix(stack, model) if model.mixture is None else model.mixture.shares(stack.X, calmed)
