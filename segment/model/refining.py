"""Learn what the phases of a fitted model look like, and choose the description whose boundaries are the sharpest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segment.composition.appearance import DRAWN, N_DIRECTIONS, ROUNDS, SETTLED, Appearance, fit_normals
from segment.composition.grey_levels import calm
from segment.composition.offsets import draw
from segment.composition.sharpness import gradient, sharpness
from segment.model.abundances import largest
from segment.model.fitted import FittedModel
from segment.model.mixture import Mixture, join, see
from segment.records import valid_of

# Covariances that are common to all phases, or half so.
COMMON = (1.0, 0.5)
# A description counts where its boundaries are this much sharper than those of the components.
CLEARLY = 1.05
# Images whose boundaries are looked at, evenly spread over those of the training: fewer where they are large.
JUDGED, JUDGED_PIXELS = 4, 4_000_000
TINY = 1e-12


def judged(sizes: Sequence[int]) -> list[int]:
    """Return the numbers of the images whose boundaries are looked at: at most four, and of 4 million pixels if two.

    Examples
    --------
    >>> judged([700_000] * 2), judged([700_000] * 10), judged([7_000_000] * 3)
    ([0, 1], [0, 3, 6, 9], [0])
    """
    count = max(1, min(len(sizes), JUDGED, JUDGED_PIXELS // max(sizes)))
    return [round(place) for place in np.linspace(0, len(sizes) - 1, count)]


# Sums over threads would end in other bits with each number of them.
@threadpool_limits.wrap(limits=1, user_api="blas")
def refine(
    model: FittedModel,
    starts: Sequence[NDArray[np.uint8]],
    sampled: tuple[NDArray[np.float32], NDArray[np.float32]],
    images: Iterable[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]],
) -> FittedModel:
    """Describe the phases of a model by normal distributions, where that makes boundaries sharper.

    From each start, under each kind of covariance, the pixels are labelled and described in turn, up to eight
    times: classification by expectation maximisation [1]_. A start with one group more than there are phases ends with
    the two groups in one phase whose separation says least: of all pairs, that which loses most entropy [2]_ for what
    it takes from the entropy of the fractions. Of the descriptions that come of it, the one counts whose boundaries
    have the largest mean gradient of the features, for phases end where the image changes; none does unless it is 1.05
    times that of the components' own boundaries. Of several images, each counts alike: the gradient is in units of its
    image's mean gradient, and an image without any boundary has none.

    Parameters
    ----------
    model : FittedModel
        k phases.
    starts : sequence of ndarray of uint8, shape (n,)
        Labels of the sampled pixels, of k or k + 1 groups.
    sampled : (ndarray of float32, shape (n, n_features), ndarray of float32, shape (n,))
        Features and smoothed grey levels of some pixels of all training images.
    images : iterable of (ndarray of float32, ndarray of float32, ndarray of float32, ndarray of uint8)
        Features, shape (h * w, n_features), grey levels, the same smoothed (`segment.composition.grey_levels.calm`) and
        labels by the components, of shape (h, w), of the images whose boundaries and brightness are looked at.

    Returns
    -------
    FittedModel
        With a mixture, whose phases are ordered from dark to bright as the components are; `model` itself where no
        description counts.

    References
    ----------
    .. [1] G. Celeux, G. Govaert, "A classification EM algorithm for clustering and two stochastic versions", doi
       10.1016/0167-9473(92)90042-E.
    .. [2] J.-P. Baudry et al., "Combining mixture components for clustering", doi 10.1198/jcgs.2010.08111, eq. 9.
    """
    X, levels = sampled
    k = model.parameters.n_phases
    directions = principal(X)
    views = see(directions, X, levels)
    seen, gradients, every_grey, maps, counted = [], [], [], [], []
    for features, grey, smoothed, labels in images:
        seen.append(see(directions, features, smoothed.ravel()))
        gradients.append(gradient(seen[-1][:-1].reshape(-1, *grey.shape)))
        every_grey.append(np.asarray(grey))
        maps.append(labels)
        counted.append(valid_of(grey))
    best = None
    sharpest = CLEARLY * _mean_sharpness(maps, gradients, counted)
    for found in describe_all(views, starts, k):
        drawn = [_labels(found, planes).reshape(g.shape) for planes, g in zip(seen, gradients, strict=True)]
        found_sharpness = _mean_sharpness(drawn, gradients, counted)
        if found_sharpness > sharpest:
            best, maps, sharpest = found, drawn, found_sharpness
    if best is None:
        return model
    appearance, owners = best
    labels, levels = (
        np.concatenate([(one if part is None else one[part]).ravel() for one, part in zip(every, counted, strict=True)])
        for every in (maps, every_grey)
    )
    counts = np.bincount(labels, minlength=k)
    brightness = np.full(k, np.inf)
    np.divide(np.bincount(labels, weights=levels, minlength=k), counts, out=brightness, where=counts > 0)
    rank = np.argsort(np.argsort(brightness, kind="stable"))
    mixture = Mixture(
        directions,
        appearance.means,
        appearance.whiteners,
        appearance.log_volumes,
        appearance.fractions,
        tuple(int(rank[owner]) for owner in owners),
    )
    return replace(model, mixture=mixture)


def sample(
    X: NDArray[np.float32], greys: Sequence[NDArray[np.float32]], rows: Sequence[slice | NDArray[np.int64]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw 12,000 rows of X, with a fixed seed, and the smoothed grey levels of their pixels.

    Parameters
    ----------
    X : ndarray of float32, shape (n_rows, n_features)
        Pixels of all images.
    greys : sequence of ndarray of float32, shape (h, w)
    rows : sequence of slice or ndarray of int
        Which pixels of each image are rows of X.
    """
    levels = np.concatenate([calm(grey).ravel()[chosen] for grey, chosen in zip(greys, rows, strict=True)])
    return draw(X.T, DRAWN).T, draw(levels[None], DRAWN)[0]


def describe_all(
    views: NDArray[np.float32], starts: Sequence[NDArray[np.uint8]], k: int
) -> Iterator[tuple[Appearance, NDArray[np.intp]]]:
    """Yield every description, and the phase of each of its distributions."""
    for start in starts:
        n_groups = max(k, int(start.max()) + 1)
        for common in COMMON:
            appearance = settle(views, start, n_groups, common)
            yield appearance, _join(appearance.shares(views)) if n_groups > k else np.arange(k)


def settle(views: NDArray[np.float32], labels: NDArray[np.integer], n_groups: int, common: float) -> Appearance:
    """Describe groups and label pixels anew in turn, up to eight times; return the last description.

    Parameters
    ----------
    views : ndarray of float32, shape (d, n)
    labels : ndarray of int, shape (n,)
        Groups to start from.
    n_groups : int
    common : float in [0, 1]
        How much of each covariance is common to all, see `segment.composition.appearance.fit_normals`.
    """
    found = fit_normals(views, labels, n_groups, common)
    for _ in range(ROUNDS):
        moved = found.shares(views).argmax(axis=0)
        found = fit_normals(views, moved, n_groups, common)
        if np.mean(moved != labels) < SETTLED:
            break
        labels = moved
    return found


def _join(shares: NDArray[np.float32]) -> NDArray[np.intp]:
    """Join the two of n groups whose separation says least; return the number, 0 ... n - 2, of each group's union."""
    n = len(shares)
    wide = shares.astype(np.float64)
    fractions = wide.mean(axis=1)
    best, joined, most = (0, 1), np.arange(n), -np.inf
    for first in range(n):
        for second in range(first + 1, n):
            union = _entropy(wide[first]) + _entropy(wide[second]) - _entropy(wide[first] + wide[second])
            merged = fractions[first] + fractions[second]
            of_fractions = _entropy(fractions[first]) + _entropy(fractions[second]) - _entropy(merged)
            lost = union.mean() / max(float(of_fractions), TINY)
            if lost > most:
                best, most = (first, second), lost
    joined[best[1]] = best[0]
    return np.unique(joined, return_inverse=True)[1]


def _entropy(shares: NDArray[np.float64] | np.float64) -> NDArray[np.float64] | np.float64:
    return -shares * np.log(np.maximum(shares, TINY))


def principal(X: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the directions in which the rows of X differ most, shape (up to 6, n_features)."""
    centred = X.astype(np.float64)
    centred -= centred.mean(axis=0)
    directions = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :N_DIRECTIONS]
    return np.ascontiguousarray(directions.T, dtype=np.float32)


def _labels(found: tuple[Appearance, NDArray[np.intp]], views: NDArray[np.float32]) -> NDArray[np.uint8]:
    appearance, owners = found
    return largest(join(appearance.shares(views), owners))


def _mean_sharpness(
    maps: Sequence[NDArray[np.uint8]],
    gradients: Sequence[NDArray[np.float32]],
    counted: Sequence[NDArray[np.bool_] | None],
) -> float:
    return float(np.mean([sharpness(*one) for one in zip(maps, gradients, counted, strict=True)]))
