"""Label clean-up: regions too small to be one are given to a neighbour."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from segment.records import EXCLUDED

CONNECTIVITY = 4


def clean(labels: NDArray[np.uint8], min_region: int, valid: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """Give every connected region of less than `min_region` pixels to the neighbour it shares the longest border with.

    Parameters
    ----------
    labels : ndarray of uint8, shape (h, w)
        Not changed.
    min_region : int
        Smallest region that is kept, in pixels; pixels are connected through their edges. 0 and 1 keep all.
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all. The others keep their labels, and connect nothing.

    Returns
    -------
    ndarray of uint8, shape (h, w)
        An image whose regions are all too small becomes that of one region. Of equally long borders, that to the
        larger region counts.

    Notes
    -----
    In rounds, each of which joins a small region to a larger neighbour, until none is left. The number of rounds is at
    most logarithmic in the number of regions.

    Examples
    --------
    >>> speck = np.zeros((3, 4), dtype=np.uint8)
    >>> speck[1, 1] = 1
    >>> clean(speck, min_region=2).any()
    np.False_
    """
    if valid is not None:
        kept = clean(np.where(valid, labels, np.uint8(EXCLUDED)), min_region)
        return np.where(valid, kept, labels)
    while min_region > 1:
        regions, sizes, owners = _find_regions(labels)
        counts = owners != EXCLUDED
        # By size, then by number: no two regions can each be the larger one, so that nothing is passed in circles.
        order = np.argsort(np.argsort(sizes, kind="stable"))
        inner, outer, lengths = _borders(regions, len(sizes))
        is_open = (sizes[inner] < min_region) & (order[outer] > order[inner]) & counts[inner] & counts[outer]
        if not is_open.any():
            break
        inner, outer, lengths = inner[is_open], outer[is_open], lengths[is_open]
        by_border = np.lexsort((order[outer], lengths, inner))
        target = np.arange(len(sizes))
        target[inner[by_border]] = outer[by_border]
        while not np.array_equal(target, target[target]):
            target = target[target]
        labels = owners[target][regions]
    return labels


def _find_regions(
    labels: NDArray[np.uint8],
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.uint8]]:
    """Return the region of every pixel, and the size and label of every region."""
    regions = np.empty(labels.shape, dtype=np.int32)
    owners: list[NDArray[np.uint8]] = []
    start = 0
    for label in np.unique(labels):
        mask = labels == label
        count, found = cv2.connectedComponents(mask.view(np.uint8), connectivity=CONNECTIVITY, ltype=cv2.CV_32S)
        np.copyto(regions, found + np.int32(start - 1), where=mask)
        owners.append(np.full(count - 1, label, dtype=np.uint8))
        start += count - 1
    return regions, np.bincount(regions.ravel(), minlength=start), np.concatenate(owners)


def _borders(regions: NDArray[np.int32], count: int) -> tuple[NDArray, NDArray, NDArray]:
    """Return region, neighbouring region and length of their border, each border from both sides."""
    pairs = [(regions[:, 1:], regions[:, :-1]), (regions[1:], regions[:-1])]
    one, other = (np.concatenate([pair[side][pair[0] != pair[1]] for pair in pairs]) for side in (0, 1))
    ends = np.concatenate([one, other]), np.concatenate([other, one])
    lengths = coo_array((np.ones(len(ends[0]), dtype=np.int64), ends), shape=(count, count)).tocsr().tocoo()
    return lengths.row, lengths.col, lengths.data
