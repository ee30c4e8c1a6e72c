"""Labels whose areas are exactly those asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def pixel_counts(target: NDArray[np.float64], n_pixels: int) -> NDArray[np.int64]:
    """Share out `n_pixels` in proportion to `target`, by largest remainders.

    Parameters
    ----------
    target : ndarray of float64, shape (k,)
        Fractions, summing to one.
    n_pixels : int

    Returns
    -------
    ndarray of int64, shape (k,)
        Counts that sum to `n_pixels`, each less than one from ``target * n_pixels``.

    Examples
    --------
    >>> pixel_counts(np.array([0.5, 0.25, 0.25]), 9).tolist()
    [5, 2, 2]
    """
    wanted = target * n_pixels
    counts = np.floor(wanted).astype(np.int64)
    missing = n_pixels - int(counts.sum())
    counts[np.argsort(counts - wanted, kind="stable")[:missing]] += 1
    return counts


def meet_areas(
    raised: Sequence[NDArray[np.float32]],
    labels: Sequence[NDArray[np.uint8]],
    target: NDArray[np.float64],
    present: NDArray[np.intp],
) -> list[NDArray[np.uint8]]:
    """Move the pixels that lose least from phases with too many of them to phases with too few.

    Parameters
    ----------
    raised : sequence of ndarray of float32, shape (n_present, h, w)
        Scores of the present phases with their offsets, so that few pixels are left to move; one array an image.
    labels : sequence of ndarray of uint8, shape (h, w)
        The phase of the highest of them.
    target : ndarray of float64, shape (n_present,)
        Fractions of the present phases in all the images together, summing to one.
    present : ndarray of int, shape (n_present,)
        Phase of each row of `raised`.

    Returns
    -------
    list of ndarray of uint8, shape (h, w)
        Every phase's area in all the images together is less than one pixel from its target.

    Notes
    -----
    Pairs of phases are served one after the other, the largest surplus and the largest lack first, so the total loss
    is the least for two phases and close to it for more. Among pixels that lose equally, earlier rows go first.
    """
    joined = np.concatenate([image.ravel() for image in labels])
    planes = np.concatenate([image.reshape(len(present), -1) for image in raised], axis=1)
    surplus = np.bincount(joined, minlength=int(present.max()) + 1)[present] - pixel_counts(target, joined.size)
    while surplus.any():
        giver, taker = int(np.argmax(surplus)), int(np.argmin(surplus))
        moved = int(min(surplus[giver], -surplus[taker]))
        candidates = np.flatnonzero(joined == present[giver])
        loss = planes[giver, candidates] - planes[taker, candidates]
        joined[candidates[np.argsort(loss, kind="stable")[:moved]]] = present[taker]
        surplus[giver] -= moved
        surplus[taker] += moved
    parts = np.split(joined, np.cumsum([image.size for image in labels])[:-1])
    return [part.reshape(image.shape) for part, image in zip(parts, labels, strict=True)]
