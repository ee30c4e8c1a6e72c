"""Objects found beside objects drawn by hand: matched one to one by the pixels they share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ObjectScores:
    """How well the objects of one image, or of several together, agree with the true ones.

    Attributes
    ----------
    n_found, n_true : int
        Numbers of objects.
    n_matched : int
        Pairs of a found and a true object whose intersection over union reaches the threshold, each object in one pair.
    dice : float
        Dice coefficient of the pixels of all objects, 0 to 1; 1 where both maps are empty.
    mean_area_found, mean_area_true : float
        Mean area in pixels; NaN without objects.
    """

    n_found: int
    n_true: int
    n_matched: int
    dice: float
    mean_area_found: float
    mean_area_true: float

    @property
    def f1(self) -> float:
        """Twice the matched pairs over all found and true objects, 0 to 1; 1 where there are none."""
        total = self.n_found + self.n_true
        return 1.0 if total == 0 else 2 * self.n_matched / total

    @property
    def count_error(self) -> float:
        """Found number less the true one, over the true one; infinite where objects were found and none are true."""
        if self.n_true == 0:
            return 0.0 if self.n_found == 0 else float("inf")
        return self.n_found / self.n_true - 1

    @property
    def mean_area_error(self) -> float:
        """Found mean area less the true one, over the true one; NaN where either has no objects."""
        return self.mean_area_found / self.mean_area_true - 1


def match_objects(
    found: NDArray[np.integer], truth: NDArray[np.integer], *, min_iou: float = 0.5
) -> list[tuple[int, int, float]]:
    """Match the objects of two label images one to one by intersection over union.

    Parameters
    ----------
    found, truth : ndarray of int, shape (h, w)
        Object ids; 0 is background.
    min_iou : float, default 0.5
        Smallest intersection over union of a pair, above 0 and at most 1.

    Returns
    -------
    list of (int, int, float)
        Found id, true id and their intersection over union, by descending overlap, each id at most once. Above 0.5 a
        pair excludes every other; at 0.5 and below, pairs of larger overlap come first, then those of smaller ids.

    Raises
    ------
    ValueError
        If the shapes differ, or `min_iou` is out of range.

    Examples
    --------
    >>> truth = np.array([[1, 1, 0, 2, 2]])
    >>> found = np.array([[7, 7, 0, 0, 9]])
    >>> match_objects(found, truth)
    [(7, 1, 1.0), (9, 2, 0.5)]
    """
    if found.shape != truth.shape:
        raise ValueError(f"found and truth must have one shape, got {found.shape} and {truth.shape}")
    if not 0 < min_iou <= 1:
        raise ValueError(f"min_iou must be above 0 and at most 1, got {min_iou}")
    pairs, shared = _shared(found, truth)
    area_found, area_true = np.bincount(found.ravel()), np.bincount(truth.ravel())
    iou = shared / (area_found[pairs[:, 0]] + area_true[pairs[:, 1]] - shared)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -iou))
    taken_found: set[int] = set()
    taken_true: set[int] = set()
    matches = []
    for index in order[iou[order] >= min_iou].tolist():
        one, other = pairs[index].tolist()
        if one not in taken_found and other not in taken_true:
            taken_found.add(one)
            taken_true.add(other)
            matches.append((one, other, float(iou[index])))
    return matches


def score_objects(
    found: NDArray[np.integer], truth: NDArray[np.integer], *, min_iou: float = 0.5, min_pixels: int = 1
) -> ObjectScores:
    """Compare the objects of one image with the true ones.

    Parameters
    ----------
    found, truth : ndarray of int, shape (h, w)
        Object ids; 0 is background.
    min_iou : float, default 0.5
        Smallest intersection over union of a matched pair.
    min_pixels : int, default 1
        Smaller objects, found and true, are taken for background.

    Returns
    -------
    ObjectScores

    Raises
    ------
    ValueError
        If the shapes differ, or `min_iou` is out of range.

    Examples
    --------
    >>> truth = np.array([[1, 1, 0, 2, 2]])
    >>> score_objects(truth > 0, truth).count_error
    -0.5
    """
    found, truth = _at_least(np.asarray(found, dtype=np.int64), min_pixels), _at_least(truth, min_pixels)
    matches = match_objects(found, truth, min_iou=min_iou)
    n_found, n_true = len(np.unique(found[found > 0])), len(np.unique(truth[truth > 0]))
    covered_found, covered_true = int(np.count_nonzero(found)), int(np.count_nonzero(truth))
    both = int(np.count_nonzero((found > 0) & (truth > 0)))
    total = covered_found + covered_true
    return ObjectScores(
        n_found=n_found,
        n_true=n_true,
        n_matched=len(matches),
        dice=1.0 if total == 0 else 2 * both / total,
        mean_area_found=covered_found / n_found if n_found else float("nan"),
        mean_area_true=covered_true / n_true if n_true else float("nan"),
    )


def _shared(found: NDArray[np.integer], truth: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of ids that share pixels, shape (n, 2), and the number of those pixels."""
    inside = (found > 0) & (truth > 0)
    together = np.stack([found[inside], truth[inside]], axis=1).astype(np.int64)
    pairs, counts = np.unique(together, axis=0, return_counts=True)
    return pairs.reshape(-1, 2), counts


def _at_least(labels: NDArray[np.integer], min_pixels: int) -> NDArray[np.integer]:
    sizes = np.bincount(labels.ravel())
    return np.where((sizes >= min_pixels)[labels], labels, 0)
