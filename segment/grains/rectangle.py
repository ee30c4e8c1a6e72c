"""The test area of a field of which pixels are excluded: the largest rectangle without any of them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

# Blocks of pixels that a rectangle is looked for in; its sides are found to the pixel after that.
BLOCKS = 2**16


def largest_rectangle(valid: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Find the largest rectangle of pixels that count.

    Parameters
    ----------
    valid : ndarray of bool, shape (h, w)

    Returns
    -------
    rows, columns : slice
        Of more than 65,536 pixels the largest of whole blocks, grown to the pixel: a little less than the largest where
        that has other blocks in it.

    Raises
    ------
    ValueError
        If no pixel counts.

    Notes
    -----
    Test areas of the standards are rectangles and circles: grains that an odd outline cuts are counted by none.
    O(h w), by heights above each row and a stack.

    Examples
    --------
    >>> valid = np.ones((20, 30), bool)
    >>> valid[:, 25:] = valid[3:5, 2] = False
    >>> largest_rectangle(valid)
    (slice(0, 20, None), slice(3, 25, None))
    """
    if not valid.any():
        raise ValueError("valid: every pixel is excluded")
    step = max(1, math.ceil((valid.size / BLOCKS) ** 0.5))
    starts = [np.arange(0, side, step) for side in valid.shape]
    blocks = np.minimum.reduceat(np.minimum.reduceat(valid, starts[0], axis=0), starts[1], axis=1)
    if not blocks.any():
        step, blocks = 1, valid
    top, bottom, left, right = (step * side for side in _largest(blocks))
    bottom, right = min(bottom, valid.shape[0]), min(right, valid.shape[1])
    top -= _run(valid[:top, left:right][::-1])
    bottom += _run(valid[bottom:, left:right])
    left -= _run(valid[top:bottom, :left].T[::-1])
    right += _run(valid[top:bottom, right:].T)
    return slice(top, bottom), slice(left, right)


def _run(lines: NDArray[np.bool_]) -> int:
    """Return how many of the first lines are True throughout."""
    others = np.flatnonzero(~np.asarray(lines.all(axis=1)))
    return int(others[0]) if others.size else len(lines)


def _largest(valid: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return top, bottom, left and right of the largest rectangle, of equal ones the first found."""
    heights, best, found = np.zeros(valid.shape[1], dtype=np.int64), 0, (0, 0, 0, 0)
    for row, line in enumerate(valid):
        heights = np.where(line, heights + 1, 0)
        stack: list[tuple[int, int]] = []
        for column, height in enumerate([*heights.tolist(), 0]):
            start = column
            while stack and stack[-1][1] >= height:
                start, tall = stack.pop()
                if tall * (column - start) > best:
                    best, found = tall * (column - start), (row + 1 - tall, row + 1, start, column)
            stack.append((start, height))
    return found
