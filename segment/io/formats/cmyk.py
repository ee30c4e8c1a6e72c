"""Printing colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def cmyk_to_rgb(pixels: NDArray[Any]) -> NDArray[Any]:
    """Turn cyan, magenta, yellow and black, shape (h, w, 4), into RGB of the same type: ``(1 - c) (1 - k)``.

    Examples
    --------
    >>> cmyk_to_rgb(np.uint8([[[0, 255, 0, 0], [0, 0, 0, 51]]])).tolist()
    [[[255, 0, 255], [204, 204, 204]]]
    """
    top = float(np.iinfo(pixels.dtype).max) if pixels.dtype.kind == "u" else 1.0
    left = 1 - pixels.astype(np.float32) / np.float32(top)
    rgb = left[..., :3] * left[..., 3:] * np.float32(top)
    return (np.rint(rgb) if pixels.dtype.kind == "u" else rgb).astype(pixels.dtype)
