"""Whether the phases of a batch are found again in halves of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segment.batch.naming import find_shared, nearest

SPLITS = 4
# Of fewer images, halves say nothing.
FEWEST = 4
# Images that show a phase, without which no half but one can find it again.
LEAST_SHOWN = 2
# Below the first a phase is not found again; from the second on it is as good as the best are.
DOUBTFUL, TRUSTED = 0.5, 0.85


def replicate(
    points: Sequence[NDArray[np.float64]],
    areas: Sequence[NDArray[np.float64]],
    shared: NDArray[np.float64],
    random_state: int = 0,
) -> NDArray[np.float64] | None:
    """Find the shared phases again from halves of the images, and say how much of each is the same.

    Phases are learned from each half of four random splits, and the phases of all images named by them. Of a shared
    phase and the one matched to it, the figure is the intersection over the union of their areas, a mean over those
    halves that hold an image that shows the phase: no other can find it again.

    Parameters
    ----------
    points : sequence of ndarray of float64, shape (n_phases of the image, n_features)
        What the phases of each image look like.
    areas : sequence of ndarray of float64, shape (n_phases of the image,)
        Their area fractions.
    shared : ndarray of float64, shape (k, n_features)
        Phases learned from all the images.
    random_state : int, default 0
        Seed of the splits.

    Returns
    -------
    ndarray of float64, shape (k,), or None
        From 0 to 1, NaN for a phase that fewer than two images show; None of fewer than four images.

    Examples
    --------
    >>> points = [np.array([[0.1 + 0.01 * i, 0.9], [0.8, 0.2]]) for i in range(4)]
    >>> replicate(points, [np.array([0.5, 0.5])] * 4, np.array([[0.1, 0.9], [0.8, 0.2]])).tolist()
    [1.0, 1.0]
    """
    n, k = len(points), len(shared)
    if n < FEWEST:
        return None
    # Slow to load, and no part of the start of what only shows results.
    from scipy.optimize import linear_sum_assignment

    every, weights = np.concatenate(points), np.concatenate(areas)
    names = nearest(every, shared)
    owners = np.repeat(np.arange(n), [len(one) for one in points])
    is_shown = np.zeros((n, k), dtype=bool)
    is_shown[owners, names] = True
    rng = np.random.default_rng(random_state)
    found, halves = np.zeros(k), np.zeros(k)
    for _ in range(SPLITS):
        order = rng.permutation(n)
        for half in (order[: n // 2], order[n // 2 :]):
            learned = find_shared(np.concatenate([points[index] for index in half]), k, random_state)
            overlap = np.zeros((k, len(learned)))
            np.add.at(overlap, (names, nearest(every, learned)), weights)
            union = overlap.sum(axis=1)[:, None] + overlap.sum(axis=0) - overlap
            iou = np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)
            rows, columns = linear_sum_assignment(iou, maximize=True)
            can_be = np.any(is_shown[half], axis=0)
            halves += can_be
            found[rows] += iou[rows, columns] * np.take(can_be, rows)
    found[is_shown.sum(axis=0) < LEAST_SHOWN] = np.nan
    return np.divide(found, halves, out=np.full(k, np.nan), where=halves > 0)
