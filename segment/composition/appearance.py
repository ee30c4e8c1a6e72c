"""What the phases of one image look like, learned from labels whose areas are those that are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segment.composition.offsets import draw, solve_offsets

N_DIRECTIONS = 6
DRAWN = 12_000
ROUNDS = 8
SETTLED = 1e-3
# Covariances are mostly common to all, a little their phase's own; part of the common variances keeps them regular.
COMMON = 0.8
RIDGE = 0.01
TEMPERATURES = ((1.0, 2048), (0.3, 2048), (0.1, 4096), (0.03, DRAWN), (0.0, DRAWN))
# A fraction below this still weighs as much as this, where certainty is measured.
SMALLEST = 1e-3
BLOCK = 65_536


@dataclass(frozen=True)
class Appearance:
    """One normal distribution a phase, over the views of a pixel.

    Attributes
    ----------
    means : ndarray of float32, shape (k, d)
    whiteners : ndarray of float32, shape (k, d, d)
        Inverses of the Cholesky factors of the covariances.
    log_volumes : ndarray of float64, shape (k,)
        Halves of the logarithms of their determinants.
    fractions : ndarray of float64, shape (k,)
    doubt : float
        Mean entropy, in nats, of the phase of a pixel among those that they were learned from.
    """

    means: NDArray[np.float32]
    whiteners: NDArray[np.float32]
    log_volumes: NDArray[np.float64]
    fractions: NDArray[np.float64]
    doubt: float = np.inf

    def scores(self, views: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the log likelihood of every pixel under every phase, up to a constant; (d, n) becomes (k, n)."""
        scores = np.empty((len(self.means), views.shape[1]), dtype=np.float32)
        # In blocks of pixels: the deviations are as large as the views.
        for start in range(0, views.shape[1], BLOCK):
            pixels = slice(start, start + BLOCK)
            for phase, whitener in enumerate(self.whiteners):
                deviation = whitener @ (views[:, pixels] - self.means[phase][:, None])
                np.einsum("dn,dn->n", deviation, deviation, out=scores[phase, pixels])
        scores *= np.float32(-0.5)
        scores -= self.log_volumes.astype(np.float32)[:, None]
        return scores

    def shares(self, views: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of every phase in every pixel, shape (k, n)."""
        shares = self.scores(views) + np.log(np.maximum(self.fractions, SMALLEST)).astype(np.float32)[:, None]
        shares -= shares.max(axis=0)
        np.exp(shares, out=shares)
        shares /= shares.sum(axis=0)
        return shares

    def label(self, views: NDArray[np.float32], target: NDArray[np.float64], sigma: float) -> NDArray[np.intp]:
        """Return the phase of some pixels under fractions and their uncertainty; (d, n) becomes (n,)."""
        scores = self.scores(views)
        offsets = solve_offsets(scores, target, sigma, schedule=TEMPERATURES).astype(np.float32)
        return np.argmax(scores + offsets[:, None], axis=0)


# Sums over threads would end in other bits with each number of them.
@threadpool_limits.wrap(limits=1, user_api="blas")
def principal_views(features: NDArray[np.float32], valid: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """Reduce features to the six directions in which the pixels of an image differ most.

    Parameters
    ----------
    features : ndarray of float32, shape (n_features, h, w)
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all.

    Returns
    -------
    ndarray of float32, shape (min(6, n_features), h, w)
        Principal components of the features, that of the largest variance first, up to a constant each.

    Examples
    --------
    >>> ramp = np.tile(np.linspace(0, 1, 8, dtype=np.float32), (8, 1))
    >>> principal_views(np.stack([ramp, 1 - ramp, ramp / 2])).shape
    (3, 8, 8)
    """
    flat = features.reshape(features.shape[0], -1)
    sampled = draw(flat if valid is None else flat[:, valid.ravel()], DRAWN).astype(np.float64)
    sampled -= sampled.mean(axis=1, keepdims=True)
    directions = np.linalg.eigh(sampled @ sampled.T)[1][:, ::-1][:, :N_DIRECTIONS]
    return (directions.T.astype(np.float32) @ flat).reshape(-1, *features.shape[1:])


def learn_appearance(
    views: NDArray[np.float32],
    starts: Sequence[NDArray[np.integer]],
    target: NDArray[np.float64],
    sigma: float,
) -> Appearance:
    """Learn what the phases look like from the start that leaves the least posterior entropy.

    In turn, every phase is given the mean and covariance of its pixels, and the pixels are labelled anew by these and
    by the target, see `solve_offsets`: k-means with areas that are known [1]_, under metrics that are learned. More
    than boundaries may thereby move. It ends after eight rounds, or where the labels settle.

    Parameters
    ----------
    views : ndarray of float32, shape (d, n)
        What is seen of some pixels.
    starts : sequence of ndarray of int, shape (n,)
        Labels to start from, 0 ... k - 1.
    target : ndarray of float64, shape (k,)
        Area fractions, summing to one.
    sigma : float
        Their uncertainty.

    Returns
    -------
    Appearance
        That of the least posterior entropy.

    References
    ----------
    .. [1] M. K. Ng, "A note on constrained k-means algorithms", doi 10.1016/S0031-3203(99)00057-6.

    Examples
    --------
    >>> views = np.random.default_rng(0).normal(size=(1, 1000)).astype(np.float32)
    >>> views[:, :300] += 6
    >>> found = learn_appearance(views, [(views[0] > 7).astype(int)], np.array([0.7, 0.3]), 0.05)
    >>> [float(mean.round()) + 0.0 for mean in found.means[:, 0]]
    [0.0, 6.0]
    """
    return min((_learned(views, start, target, sigma) for start in starts), key=lambda found: found.doubt)


def describe(views: NDArray[np.float32], labels: NDArray[np.integer], n_phases: int) -> Appearance:
    """Return what the phases of a labelling look like.

    Parameters
    ----------
    views : ndarray of float32, shape (d, n)
    labels : ndarray of int, shape (n,)
        A phase with hardly a pixel gets the mean and covariance of all.
    n_phases : int

    Returns
    -------
    Appearance

    Examples
    --------
    >>> views = np.array([[0.0, 0.1, 0.2, 5.0, 5.1, 5.2]], np.float32)
    >>> clear, blurred = describe(views, np.array([0, 0, 0, 1, 1, 1]), 2), describe(views, np.arange(6) % 2, 2)
    >>> clear.doubt < 0.01 < blurred.doubt
    True
    """
    found = fit_normals(views, labels, n_phases, COMMON)
    shares = found.shares(views)
    doubt = -np.mean(np.sum(shares * np.log(np.maximum(shares, np.float32(1e-12))), axis=0))
    return replace(found, doubt=float(doubt))


def fit_normals(views: NDArray[np.float32], labels: NDArray[np.integer], n_groups: int, common: float) -> Appearance:
    """Return the mean and covariance of each group; one with hardly a pixel has those of all.

    Parameters
    ----------
    views : ndarray of float32, shape (d, n)
    labels : ndarray of int, shape (n,)
    n_groups : int
    common : float in [0, 1]
        How much of each covariance is that common to all groups.

    Returns
    -------
    Appearance
        Its posterior entropy is not known.

    Examples
    --------
    >>> views = np.array([[0.0, 0.1, 0.2, 5.0, 5.1, 5.2]], np.float32)
    >>> fit_normals(views, np.array([0, 0, 0, 1, 1, 1]), 2, common=1.0).means.ravel().round().tolist()
    [0.0, 5.0]
    """
    width, views64 = len(views), views.astype(np.float64)
    counts = np.bincount(labels, minlength=n_groups)
    fractions = counts / labels.size
    # Gathered once, group after group.
    parts = np.split(views64[:, np.argsort(labels, kind="stable")], np.cumsum(counts)[:-1], axis=1)
    parts = [part if part.shape[1] > width + 1 else views64 for part in parts]
    means = np.stack([part.mean(axis=1) for part in parts])
    centred = [part - mean[:, None] for part, mean in zip(parts, means, strict=True)]
    covariances = np.stack([part @ part.T * (1 / part.shape[1]) for part in centred])
    shared = np.einsum("k,kde->de", fractions, covariances)
    variances = np.diag(shared)
    floor = 1e-7 * variances.sum() + 1e-12
    mixed = (1 - common) * covariances + common * shared + np.diag(RIDGE * variances + floor)
    factors = np.linalg.cholesky(mixed)
    return Appearance(
        means.astype(np.float32),
        np.linalg.inv(factors).astype(np.float32),
        np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1),
        fractions,
    )


def _learned(
    views: NDArray[np.float32], labels: NDArray[np.integer], target: NDArray[np.float64], sigma: float
) -> Appearance:
    found = describe(views, labels, len(target))
    for _ in range(ROUNDS):
        moved = found.label(views, target, sigma)
        found = describe(views, moved, len(target))
        if np.mean(moved != labels) < SETTLED:
            break
        labels = moved
    return found
