"""Where the candidates disagree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segment.evaluate import count_overlap


def uncertainty_map(
    maps: Sequence[NDArray[np.uint8]], reference: NDArray[np.uint8] | None = None
) -> NDArray[np.float32]:
    """Return how often maps disagree about a pixel.

    To compare map B with map A, every phase of B is taken for the phase of A that it covers most of; B disagrees where
    that is not A's phase. Maps of different numbers of phases can be compared so, and a phase that B splits in two is
    no disagreement.

    Parameters
    ----------
    maps : sequence of ndarray of uint8, shape (h, w)
        At least one.
    reference : ndarray of uint8, shape (h, w), optional
        The map A; by default each of the maps in turn, and the mean over them.

    Returns
    -------
    ndarray of float32, shape (h, w)
        Fraction of the comparisons that disagree, 0 to 1. Zeros where there is nothing to compare.

    Raises
    ------
    ValueError
        If there is no map.

    Examples
    --------
    >>> first, second = np.array([[0, 0, 1, 1]], np.uint8), np.array([[1, 1, 1, 0]], np.uint8)
    >>> uncertainty_map([second], reference=first).tolist()
    [[0.0, 0.0, 1.0, 0.0]]
    """
    if not len(maps):
        raise ValueError("maps is empty: at least one is needed")
    references = maps if reference is None else [reference]
    counts = np.zeros(maps[0].shape, dtype=np.float32)
    compared = 0
    for one in references:
        size = int(one.max()) + 1
        for other in maps:
            if other is one:
                continue
            owners = count_overlap(other, one, int(other.max()) + 1, size).argmax(axis=1).astype(np.uint8)
            counts += owners[other] != one
            compared += 1
    return counts / np.float32(max(compared, 1))
