"""What is measured over an image is measured over the pixels that take part."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


def taken(plane: NDArray[Scalar], valid: NDArray[np.bool_] | None) -> NDArray[Scalar]:
    """Return the values of the pixels that take part; the plane itself where all do, or none does.

    Parameters
    ----------
    plane : ndarray, shape (h, w)
    valid : ndarray of bool, shape (h, w), or None
        None: all.

    Returns
    -------
    ndarray, shape (n,) or (h, w)

    Examples
    --------
    >>> taken(np.float32([[1, 2, 3]]), np.array([[True, False, True]]))
    array([1., 3.], dtype=float32)
    """
    return plane if valid is None or not valid.any() else plane[valid]


def valid_at(valid: NDArray[np.bool_] | None, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Return which pixels of an image take part after it was resized to `shape`: those that are mostly of such."""
    if valid is None or valid.shape == shape:
        return valid
    resized = cv2.resize(valid.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA) >= 0.5
    return resized if resized.any() else None
