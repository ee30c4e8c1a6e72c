"""Groups of pixels as normal distributions over what is seen of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Covariances are mostly common to all, a little their group's own; part of the common variances keeps them regular.
COMMON = 0.8
RIDGE = 0.01
# A fraction below this still weighs as much as this, where certainty is measured.
SMALLEST = 1e-3
BLOCK = 65_536


@dataclass(frozen=True)
class Normals:
    """One normal distribution a group, over the views of a pixel.

    Attributes
    ----------
    means : ndarray of float32, shape (k, d)
    whiteners : ndarray of float32, shape (k, d, d)
        Inverses of the Cholesky factors of the covariances.
    log_volumes : ndarray of float64, shape (k,)
        Halves of the logarithms of their determinants.
    fractions : ndarray of float64, shape (k,)
        Fraction of the pixels that each describes.
    """

    means: NDArray[np.float32]
    whiteners: NDArray[np.float32]
    log_volumes: NDArray[np.float64]
    fractions: NDArray[np.float64]

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

    def entropy(self, views: NDArray[np.float32]) -> float:
        """Return the mean posterior entropy of some pixels, in nats: how uncertain their groups are."""
        shares = self.shares(views)
        return float(-np.mean(np.sum(shares * np.log(np.maximum(shares, np.float32(1e-12))), axis=0)))


def fit_normals(
    views: NDArray[np.float32], labels: NDArray[np.integer], n_groups: int, common: float = COMMON
) -> Normals:
    """Return the mean and covariance of each group; one with hardly a pixel has those of all.

    Parameters
    ----------
    views : ndarray of float32, shape (d, n)
    labels : ndarray of int, shape (n,)
    n_groups : int
    common : float in [0, 1], default 0.8
        How much of each covariance is that common to all groups.

    Returns
    -------
    Normals

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
    return Normals(
        means.astype(np.float32),
        np.linalg.inv(factors).astype(np.float32),
        np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1),
        fractions,
    )
