"""Inclusions taken out of an image, their places filled from around."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

REACH_PX = 3.0


def remove_inclusions(image: NDArray[np.generic], mask: NDArray[np.bool_], *, grow_px: int = 0) -> NDArray[np.float32]:
    """Fill the places of inclusions with what the surroundings let expect, by Navier-Stokes inpainting.

    Parameters
    ----------
    image : ndarray, shape (h, w)
        Grey levels.
    mask : ndarray of bool, shape (h, w)
        True on what is filled.
    grow_px : int, default 0
        By how many pixels the mask is grown first, over the blurred rim of the inclusions.

    Returns
    -------
    ndarray of float32, shape (h, w)
        The image, in its own levels; pixels outside the grown mask keep theirs.

    Raises
    ------
    ValueError
        If the shapes differ, nothing is left to fill from, or `grow_px` is negative.

    References
    ----------
    M. Bertalmio, A. L. Bertozzi and G. Sapiro, "Navier-Stokes, fluid dynamics, and image and video inpainting",
    doi 10.1109/CVPR.2001.990497; OpenCV's implementation.

    Examples
    --------
    >>> image = np.tile(np.arange(40, dtype=np.float32), (40, 1))
    >>> hole = np.zeros((40, 40), bool)
    >>> hole[18:22, 18:22] = True
    >>> bool(abs(remove_inclusions(image, hole) - image).max() < 1)
    True
    """
    grey = np.asarray(image, dtype=np.float32)
    hole = np.asarray(mask, dtype=bool)
    if grey.ndim != 2 or grey.shape != hole.shape:
        raise ValueError(f"image and mask must have one shape (h, w), got {grey.shape} and {hole.shape}")
    if grow_px < 0:
        raise ValueError(f"grow_px must not be negative, got {grow_px}")
    if grow_px and hole.any():
        hole = np.asarray(ndimage.binary_dilation(hole, iterations=grow_px))
    if not hole.any():
        return grey.copy()
    if hole.all():
        raise ValueError("mask covers the whole image: nothing is left to fill from")
    # In 16 bits of the image's own range: the float variant works on a fixed scale.
    low, high = float(grey[~hole].min()), float(grey[~hole].max())
    scale = 65535 / (high - low) if high > low else 1.0
    levels = np.rint((np.clip(grey, low, high) - low) * scale).astype(np.uint16)
    filled = np.asarray(cv2.inpaint(levels, hole.astype(np.uint8), REACH_PX, cv2.INPAINT_NS), dtype=np.float32)
    return np.where(hole, filled / np.float32(scale) + np.float32(low), grey).astype(np.float32)
