"""Turn pixels of any kind into grey levels between 0 and 1."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

CHANNELS = {1: "grey", 2: "grey+alpha", 3: "rgb", 4: "rgba"}


def to_grey(pixels: NDArray[Any]) -> tuple[NDArray[np.float32], str]:
    """Scale pixels to [0, 1] and reduce colours to their luma.

    Parameters
    ----------
    pixels : ndarray of bool, uint8, uint16 or float, shape (h, w), (h, w, 2), (h, w, 3) or (h, w, 4)
        Grey; grey and alpha; RGB; RGB and alpha. Integers are divided by the largest value of their type, whatever the
        image holds. Floats must lie in [0, 1].

    Returns
    -------
    grey : ndarray of float32, shape (h, w)
        Y = 0.299 R + 0.587 G + 0.114 B; exactly R where the three are equal. Alpha is dropped, not blended: the stored
        levels are what the detector saw, a backdrop would be invented.
    channels : {"grey", "grey+alpha", "rgb", "rgba"}
        What was given.

    Raises
    ------
    TypeError
        The type is none of the above.
    ValueError
        The shape is none of the above, or floats are NaN or outside [0, 1].

    References
    ----------
    ITU-R BT.601-7, section 2.5.1.

    Examples
    --------
    >>> to_grey(np.uint8([[0, 51, 255]]))
    (array([[0. , 0.2, 1. ]], dtype=float32), 'grey')
    """
    if pixels.dtype.kind not in "bf" and pixels.dtype not in (np.uint8, np.uint16):
        raise TypeError(f"pixels must be bool, uint8, uint16 or float in [0, 1], got {pixels.dtype}")
    depth = 1 if pixels.ndim == 2 else pixels.shape[2] if pixels.ndim == 3 else 0
    if depth not in CHANNELS or not pixels.size:
        raise ValueError(f"pixels must have the shape (h, w), (h, w, 2), (h, w, 3) or (h, w, 4), got {pixels.shape}")
    channels = CHANNELS[depth]
    if depth == 2:
        pixels = pixels[..., 0]
    elif depth > 2:
        red, green, blue = (pixels[..., i] for i in range(3))
        pixels = red if np.array_equal(red, green) and np.array_equal(green, blue) else pixels[..., :3]
    scaled = pixels.astype(np.float32, order="C")
    if pixels.dtype.kind == "u":
        scaled /= np.float32(np.iinfo(pixels.dtype).max)
    elif not (scaled.min() >= 0 and scaled.max() <= 1):
        raise ValueError(f"float pixels must lie in [0, 1], got {scaled.min():g} to {scaled.max():g}: scale them first")
    if scaled.ndim == 3:
        scaled = np.minimum(cv2.cvtColor(scaled, cv2.COLOR_RGB2GRAY), np.float32(1))
    return scaled, channels
