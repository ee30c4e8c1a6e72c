"""Which maps are nearly the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from segment.evaluate import adjusted_rand_index, count_overlap


def agreement_matrix(maps: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Compare every two maps.

    Parameters
    ----------
    maps : sequence of ndarray of uint8, all of one shape
        Phase ids below 255.

    Returns
    -------
    ndarray of float64, shape (n, n)
        Adjusted Rand indices; symmetric, 1 on the diagonal.

    Examples
    --------
    >>> first, second = np.array([[0, 0, 1, 1]], np.uint8), np.array([[1, 1, 0, 0]], np.uint8)
    >>> agreement_matrix([first, second]).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    agreement = np.eye(len(maps))
    sizes = [int(labels.max()) + 1 for labels in maps]
    for i, j in combinations(range(len(maps)), 2):
        overlap = count_overlap(maps[i], maps[j], sizes[i], sizes[j])
        agreement[i, j] = agreement[j, i] = adjusted_rand_index(overlap)
    return agreement


def find_distinct(agreement: NDArray[np.float64], worth: Sequence[float], threshold: float) -> list[list[int]]:
    """Group maps whose agreement exceeds a threshold about the worthiest of them.

    Parameters
    ----------
    agreement : ndarray of float64, shape (n, n)
        As `agreement_matrix`.
    worth : sequence of float
        The map that is worth most represents its near-duplicates; the earlier one where they tie.
    threshold : float
        Maps that agree more than this are near-duplicates.

    Returns
    -------
    list of list of int
        Every map once: the representative first, then its near-duplicates; groups from the worthiest down.

    Examples
    --------
    >>> find_distinct(np.array([[1.0, 0.95, 0.2], [0.95, 1.0, 0.3], [0.2, 0.3, 1.0]]), [0.5, 0.9, 0.7], 0.9)
    [[1, 0], [2]]
    """
    groups: list[list[int]] = []
    for index in np.argsort(-np.asarray(worth), kind="stable").tolist():
        near = next((group for group in groups if agreement[index, group[0]] > threshold), None)
        if near is None:
            groups.append([index])
        else:
            near.append(index)
    return groups
