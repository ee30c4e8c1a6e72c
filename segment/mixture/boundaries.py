"""How sharp the boundaries of a map are, by what is seen of the pixels on both sides."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Boundaries of an image with more pixels are looked at in every second row and column.
LOOKED_AT = 2**18


def step_of(n_pixels: int) -> int:
    """Return the distance of the rows and columns in which boundaries are looked at: 1, above 2^18 pixels 2."""
    return 1 if n_pixels <= LOOKED_AT else 2


def gradient(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the magnitude of the gradient of several planes together; (d, h, w) becomes (h, w)."""
    squared = np.zeros(planes.shape[1:], dtype=np.float32)
    for plane in planes:
        for order in ((1, 0), (0, 1)):
            squared += np.square(cv2.Sobel(plane, cv2.CV_32F, *order))
    return np.sqrt(squared)


def sharpness(
    labels: NDArray[np.uint8], gradients: NDArray[np.float32], valid: NDArray[np.bool_] | None = None
) -> float:
    """Return the mean gradient where neighbouring pixels have different labels, over that of all pixels; 0 for none.

    Parameters
    ----------
    labels : ndarray of uint8, shape (h, w)
    gradients : ndarray of float32, shape (h, w)
        Their magnitude, see `gradient`.
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all.

    Examples
    --------
    >>> labels, gradients = np.array([[0, 0, 1, 1]], np.uint8), np.array([[0, 1, 1, 0]], np.float32)
    >>> sharpness(labels, gradients), sharpness(np.zeros_like(labels), gradients)
    (2.0, 0.0)
    """
    total, count = 0.0, 0
    for here, there in (((slice(None), slice(1, None)), (slice(None), slice(-1))), (slice(1, None), slice(-1))):
        differ = labels[here] != labels[there]
        if valid is not None:
            differ &= valid[here] & valid[there]
        total += float(gradients[here][differ].sum(dtype=np.float64) + gradients[there][differ].sum(dtype=np.float64))
        count += 2 * int(differ.sum())
    mean = float((gradients if valid is None else gradients[valid]).mean(dtype=np.float64))
    return total / count / mean if count and mean else 0.0
