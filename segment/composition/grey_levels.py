"""The grey level of each phase, learned from a labelling and used as evidence for the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NARROWEST = 0.01


def grey_likelihood(
    grey: NDArray[np.float32], known: NDArray[np.float32], shares: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the log likelihood of grey levels under a normal distribution for every phase.

    Parameters
    ----------
    grey : ndarray of float32, shape (...)
        Grey levels in [0, 1] to judge.
    known : ndarray of float32, shape (n,)
        Grey levels of pixels whose phases are known.
    shares : ndarray of float32, shape (k, n)
        Fraction of every phase in them. A phase without any is given the mean and spread of all.

    Returns
    -------
    ndarray of float32, shape (k, ...)
        Up to a constant that all phases share; no spread is taken below 0.01.

    Examples
    --------
    >>> known, shares = np.array([0.2, 0.2, 0.8], np.float32), np.array([[1, 1, 0], [0, 0, 1]], np.float32)
    >>> grey_likelihood(np.array([0.3, 0.7], np.float32), known, shares).argmax(axis=0).tolist()
    [0, 1]
    """
    weights = shares.sum(axis=1, dtype=np.float64)
    is_empty = weights <= 0
    shares = np.where(is_empty[:, None], np.float32(1), shares)
    weights = np.where(is_empty, known.size, weights)
    means = shares @ known / weights
    spreads = np.sqrt(np.sum(shares * (known - means[:, None]) ** 2, axis=1) / weights) + NARROWEST
    likelihood = np.empty((len(shares), *grey.shape), dtype=np.float32)
    for phase, (mean, spread) in enumerate(zip(means, spreads, strict=True)):
        plane = likelihood[phase, ...]
        np.subtract(grey, np.float32(mean), out=plane)
        plane *= plane
        plane *= np.float32(-0.5 / spread**2)
        plane -= np.float32(np.log(spread))
    return likelihood


def label_shares(labels: NDArray[np.uint8], phases: Sequence[int] | NDArray[np.intp]) -> NDArray[np.float32]:
    """Return 1 where a pixel has the label of a phase, else 0; shape (len(phases), n_pixels)."""
    return (labels.ravel() == np.asarray(phases)[:, None]).astype(np.float32)
