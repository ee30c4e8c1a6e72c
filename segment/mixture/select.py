"""Of several descriptions of the phases, the one whose boundaries are the sharpest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segment.mixture.boundaries import gradient, sharpness, step_of
from segment.mixture.em import fit
from segment.mixture.leaders import leaders
from segment.mixture.mixture import Mixture, join
from segment.mixture.normals import Normals
from segment.mixture.pixels import DRAWN, calm, principal, sample_pixels, see
from segment.records import Adaptation, valid_of

# Covariances that are common to all phases, or half so.
COVARIANCES = (1.0, 0.5)
# A description counts where its boundaries are this much sharper than those of the map before.
SHARPER = 1.05
# Images whose boundaries are looked at, evenly spread over those of the training: fewer where they are large.
JUDGED, JUDGED_PIXELS = 4, 4_000_000
TINY = 1e-12

# Normal distributions, and the phase of each.
Description = tuple[Normals, Sequence[int] | NDArray[np.intp]]


@dataclass(frozen=True)
class Judged:
    """An image whose boundaries are looked at.

    Attributes
    ----------
    views : ndarray of float32, shape (d, h * w)
        What is seen of its pixels; the last is the smoothed grey level.
    labels : ndarray of uint8, shape (h, w)
        Its map without a description.
    valid : ndarray of bool, shape (h, w), or None
        Pixels that count; None: all.
    gradients : ndarray of float32, shape (h, w)
        Of the views but the last.
    """

    views: NDArray[np.float32]
    labels: NDArray[np.uint8]
    valid: NDArray[np.bool_] | None
    gradients: NDArray[np.float32]

    @classmethod
    def of(cls, views: NDArray[np.float32], labels: NDArray[np.uint8], valid: NDArray[np.bool_] | None) -> Judged:
        """Return an image with the gradients of its views."""
        return cls(views, labels, valid, gradient(views[:-1].reshape(-1, *labels.shape)))


@dataclass(frozen=True)
class Selected:
    """The description that was taken.

    Attributes
    ----------
    normals : Normals
    owners : sequence of int
        Phase of each distribution.
    maps : list of ndarray of uint8, shape (h, w)
        Its maps of the images.
    before, after : float
        Mean sharpness of the boundaries without it and with it.
    """

    normals: Normals
    owners: Sequence[int] | NDArray[np.intp]
    maps: list[NDArray[np.uint8]]
    before: float
    after: float


def select(
    descriptions: Iterable[Description],
    images: Sequence[Judged],
    allows: Callable[[list[NDArray[np.uint8]]], bool] | None = None,
) -> Selected | None:
    """Return the description whose boundaries are the sharpest, if they are 1.05 times as sharp as without any.

    Phases end where the image changes: boundaries are as sharp as the mean gradient of the views along them is large,
    in units of its image's mean gradient. Of several images each counts alike, and one without any boundary has none.

    Parameters
    ----------
    descriptions : iterable of (Normals, sequence of int)
        Distributions, and the phase of each.
    images : sequence of Judged
    allows : callable, optional
        Says of the maps of a description whether it may be taken at all.

    Returns
    -------
    Selected or None
    """
    before = _mean_sharpness([image.labels for image in images], images)
    best, sharpest = None, SHARPER * before
    for normals, owners in descriptions:
        maps = [leaders(join(normals.shares(one.views), owners)).reshape(one.labels.shape) for one in images]
        found = _mean_sharpness(maps, images)
        if found > sharpest and (allows is None or allows(maps)):
            best, sharpest = Selected(normals, owners, maps, before, found), found
    return best


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
    k: int,
    starts: Sequence[NDArray[np.uint8]],
    sampled: tuple[NDArray[np.float32], NDArray[np.float32]],
    images: Iterable[tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]],
) -> Mixture | None:
    """Describe the k phases of a model by normal distributions, where that makes boundaries sharper, see `select`.

    From each start, under each kind of covariance, pixels are described and labelled in turn, see
    `segment.mixture.em.fit`. A start with one group more than there are phases ends with
    the two groups in one phase whose separation says least: of all pairs, that which loses most entropy [1]_ for what
    it takes from the entropy of the fractions.

    Parameters
    ----------
    k : int
        Number of phases.
    starts : sequence of ndarray of uint8, shape (n,)
        Labels of the sampled pixels, of k or k + 1 groups.
    sampled : (ndarray of float32, shape (n, n_features), ndarray of float32, shape (n,))
        Features and smoothed grey levels of some pixels of all training images.
    images : iterable of (ndarray of float32, ndarray of float32, ndarray of float32, ndarray of uint8)
        Features, shape (h * w, n_features), grey levels, the same smoothed (`segment.mixture.pixels.calm`) and
        labels by the components, of shape (h, w), of the images whose boundaries and brightness are looked at.

    Returns
    -------
    Mixture or None
        Its phases are ordered from dark to bright as the components are; None where no description counts.

    References
    ----------
    .. [1] J.-P. Baudry et al., "Combining mixture components for clustering", doi 10.1198/jcgs.2010.08111, eq. 9.
    """
    X, levels = sampled
    directions = principal(X)
    seen, every_grey = [], []
    for features, grey, smoothed, labels in images:
        seen.append(Judged.of(see(directions, features, smoothed.ravel()), labels, valid_of(grey)))
        every_grey.append(np.asarray(grey))
    found = select(describe_all(see(directions, X, levels), starts, k), seen)
    if found is None:
        return None
    counted = [one.valid for one in seen]
    labels, levels = (
        np.concatenate([(one if part is None else one[part]).ravel() for one, part in zip(every, counted, strict=True)])
        for every in (found.maps, every_grey)
    )
    counts = np.bincount(labels, minlength=k)
    brightness = np.full(k, np.inf)
    np.divide(np.bincount(labels, weights=levels, minlength=k), counts, out=brightness, where=counts > 0)
    rank = np.argsort(np.argsort(brightness, kind="stable"))
    normals, owners = found.normals, tuple(int(rank[owner]) for owner in found.owners)
    return Mixture(directions, normals.means, normals.whiteners, normals.log_volumes, normals.fractions, owners)


# Sums over threads would end in other bits with each number of them.
@threadpool_limits.wrap(limits=1, user_api="blas")
def adapt(
    X: NDArray[np.float32], grey: NDArray[np.float32], shared: NDArray[np.float32], mixture: Mixture | None
) -> tuple[NDArray[np.float32], Adaptation] | None:
    """Describe the phases of one image by its own pixels, where that makes its boundaries sharper.

    From the map of the shared model, under each kind of covariance, the pixels are described and labelled in turn, as
    in `refine`. Of the descriptions, the one counts whose boundaries in this image are the
    sharpest, if they are 1.05 times as sharp as those of the shared map. One in which two phases would be better named
    the other way round, by the pixels they have in common with the shared map, does not count.

    Parameters
    ----------
    X : ndarray of float32, shape (h * w, n_features)
        Features of all pixels.
    grey : ndarray of float32, shape (h, w)
    shared : ndarray of float32, shape (k, h * w)
        What the model finds in them; the largest is the phase.
    mixture : Mixture or None
        What found it; None: the components did.

    Returns
    -------
    tuple of (ndarray of float32, shape (k, h * w), Adaptation), or None
        Probabilities that sum to one; None where the shared map stays.
    """
    k, (height, width) = len(shared), grey.shape
    before, valid = leaders(shared), valid_of(grey)
    rows = slice(None) if valid is None else np.flatnonzero(valid)
    directions = principal(sample_pixels(X[rows].T, DRAWN).T) if mixture is None else mixture.directions
    views = see(directions, X, calm(grey).ravel())
    drawn = sample_pixels(views[:, rows], DRAWN)
    if mixture is None:
        start = sample_pixels(before[None, rows].astype(np.float32), DRAWN)[0].astype(np.intp)
        owners = tuple(range(k))
    else:
        start, owners = mixture.normals.shares(drawn).argmax(axis=0), mixture.owners
    step = step_of(grey.size)
    grid = np.ascontiguousarray(views.reshape(-1, height, width)[:, ::step, ::step])
    was = before.reshape(height, width)[::step, ::step]
    image = Judged.of(grid.reshape(len(grid), -1), was, None if valid is None else valid[::step, ::step])
    descriptions = ((fit(drawn, start, len(owners), common=common), owners) for common in COVARIANCES)
    found = select(descriptions, [image], lambda maps: keeps_names(was, maps[0], k))
    if found is None:
        return None
    shares = join(found.normals.shares(views), owners)
    return shares, Adaptation(found.before, found.after, float(np.mean(leaders(shares) != before)))


def keeps_names(before: NDArray[np.uint8], after: NDArray[np.uint8], n_phases: int) -> bool:
    """Return whether no two phases would keep more pixels of a map if they had each other's names.

    Parameters
    ----------
    before, after : ndarray of uint8, shape (h, w)
        Two maps of one image, labels 0 ... n_phases - 1.
    n_phases : int

    Examples
    --------
    >>> labels = np.array([[0, 0, 1, 1]], np.uint8)
    >>> keeps_names(labels, np.array([[0, 1, 1, 1]], np.uint8), 2), keeps_names(labels, 1 - labels, 2)
    (True, False)
    """
    pairs = before.ravel().astype(np.intp) * n_phases + after.ravel()
    counts = np.bincount(pairs, minlength=n_phases**2).reshape(n_phases, n_phases)
    kept = np.diagonal(counts)
    return bool(np.all(counts + counts.T <= kept[:, None] + kept))


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
    return sample_pixels(X.T, DRAWN).T, sample_pixels(levels[None], DRAWN)[0]


def describe_all(views: NDArray[np.float32], starts: Sequence[NDArray[np.uint8]], k: int) -> Iterator[Description]:
    """Yield every description of k phases, and the phase of each of its distributions; see `refine`."""
    for start in starts:
        n_groups = max(k, int(start.max()) + 1)
        for common in COVARIANCES:
            normals = fit(views, start, n_groups, common=common)
            yield normals, _join(normals.shares(views)) if n_groups > k else np.arange(k)


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


def _mean_sharpness(maps: Sequence[NDArray[np.uint8]], images: Sequence[Judged]) -> float:
    return float(
        np.mean([sharpness(one, image.gradients, image.valid) for one, image in zip(maps, images, strict=True)])
    )
