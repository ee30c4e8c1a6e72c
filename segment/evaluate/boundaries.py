"""How well drawn boundary lines are found: centre lines compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LineMatch:
    """Agreement of two sets of lines.

    Attributes
    ----------
    precision : float
        Fraction of the found centre-line pixels that a true one is near.
    recall : float
        Fraction of the true ones that a found one is near.
    f1 : float
        Their harmonic mean.
    """

    precision: float
    recall: float
    f1: float


def match_lines(found: NDArray[np.bool_], truth: NDArray[np.bool_], *, tolerance: float = 3.0) -> LineMatch:
    """Compare the centre lines of two boundary maps within a tolerance.

    Parameters
    ----------
    found, truth : ndarray of bool, shape (h, w)
        True on boundaries, of any width.
    tolerance : float, default 3.0
        Largest distance, in pixels, at which a centre-line pixel counts as found.

    Returns
    -------
    LineMatch
        All 1 where neither has a line, all 0 where only one has.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> line = np.zeros((20, 20), bool)
    >>> line[10] = True
    >>> match_lines(np.roll(line, 2, axis=0), line).f1, match_lines(np.roll(line, 4, axis=0), line).f1
    (1.0, 0.0)
    """
    if found.shape != truth.shape:
        raise ValueError(f"found and truth must have one shape, got {found.shape} and {truth.shape}")
    # Slow to load, and no part of a start.
    from scipy.ndimage import distance_transform_edt
    from skimage.morphology import skeletonize

    ours, theirs = (skeletonize(np.asarray(mask, dtype=bool)) for mask in (found, truth))
    if not ours.any() or not theirs.any():
        same = float(ours.any() == theirs.any())
        return LineMatch(same, same, same)
    precision = float((np.asarray(distance_transform_edt(~theirs))[ours] <= tolerance).mean())
    recall = float((np.asarray(distance_transform_edt(~ours))[theirs] <= tolerance).mean())
    return LineMatch(precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0)
