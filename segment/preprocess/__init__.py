"""Bring micrographs to a size and a contrast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segment.preprocess.clahe import equalise
from segment.preprocess.resize import resize

__all__ = ["equalise", "prepare", "resize"]


def prepare(
    image: NDArray[np.float32], *, size: int | tuple[int, int] | None = None, clahe: bool = False
) -> NDArray[np.float32]:
    """Resize an image, then equalise its contrast, each where asked for.

    Parameters
    ----------
    image : ndarray of float, shape (h, w)
        Grey levels in [0, 1].
    size : None, int or (int, int), default None
        None keeps the native size; 512 gives 512 x 512 whatever the aspect ratio; a pair is (height, width) in pixels.
    clahe : bool, default False
        Whether to equalise the contrast locally (clip limit 2.0, 8 x 8 tiles).

    Returns
    -------
    ndarray of float32, shape (h, w) or as `size` says
        Grey levels in [0, 1], C-contiguous. It may be `image` itself where nothing is to do.

    Raises
    ------
    ValueError
        `image` is not 2-D, is empty or holds NaN or values outside [0, 1]; `size` is not positive.
    TypeError
        `size` is neither None, an integer nor a pair of integers.

    Examples
    --------
    >>> prepare(np.zeros((30, 40), np.float32), size=16).shape
    (16, 16)
    """
    image = np.ascontiguousarray(image, dtype=np.float32)
    if image.ndim != 2 or not image.size:
        raise ValueError(f"image must be a non-empty array of shape (h, w), got shape {image.shape}")
    low, high = float(image.min()), float(image.max())
    if not (low >= 0.0 and high <= 1.0):
        raise ValueError(f"image must lie in [0, 1], got values from {low:g} to {high:g}")
    image = resize(image, size)
    return equalise(image) if clahe else image
