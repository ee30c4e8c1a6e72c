"""Bring an image to a size."""

from __future__ import annotations

import operator

import cv2
import numpy as np
from numpy.typing import NDArray


def resize(image: NDArray[np.float32], size: int | tuple[int, int] | None) -> NDArray[np.float32]:
    """Resize an image: by area averages where it shrinks on both axes, else bilinearly.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Grey levels.
    size : None, int or (int, int)
        None returns `image`; an integer means a square; a pair is (height, width) in pixels.

    Returns
    -------
    ndarray of float32, shape `size`
        Within the range of `image`: both methods average.

    Raises
    ------
    ValueError
        A side is below 1.
    TypeError
        `size` is neither None, an integer nor a pair of integers.

    Examples
    --------
    >>> resize(np.float32([[0, 1], [1, 0]]), 1)
    array([[0.5]], dtype=float32)
    """
    if size is None:
        return image
    height, width = _sides(size)
    if (height, width) == image.shape:
        return image
    shrinks = height <= image.shape[0] and width <= image.shape[1]
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    # Weights in float32 may sum to a little more than one.
    return np.clip(resized, image.min(), image.max(), dtype=np.float32)


def _sides(size: int | tuple[int, int]) -> tuple[int, int]:
    pair = size if isinstance(size, (tuple, list)) else (size, size)
    try:
        height, width = (operator.index(side) for side in pair)
    except (TypeError, ValueError) as error:
        raise TypeError(f"size must be None, an integer or a pair (height, width) of integers, got {size!r}") from error
    if height < 1 or width < 1:
        raise ValueError(f"size must be at least 1 pixel on each side, got {size!r}")
    return height, width
