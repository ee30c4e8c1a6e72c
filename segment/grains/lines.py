"""Thin lines between grains: what is darker, or brighter, than the grains by half of the lines' contrast."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu


def line_depth(image: NDArray[np.float32], widest_px: int) -> NDArray[np.float32]:
    """Return how much darker each pixel is than grains that lie within `widest_px` around, shape (h, w)."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (widest_px + 1, widest_px + 1))
    return np.asarray(cv2.morphologyEx(image, cv2.MORPH_CLOSE, disc), dtype=np.float32) - image


def separability(values: NDArray[np.floating]) -> float:
    """Return the fraction of the variance that lies between the two classes of Otsu's threshold, 0 to 1."""
    flat = np.asarray(values, dtype=np.float64).ravel()
    variance = float(flat.var())
    if not variance > 0:
        return 0.0
    upper = flat > threshold_otsu(flat)
    fraction = float(upper.mean())
    if fraction in (0.0, 1.0):
        return 0.0
    return fraction * (1 - fraction) * float(flat[upper].mean() - flat[~upper].mean()) ** 2 / variance


def cut_halfway(depth: NDArray[np.float32]) -> tuple[NDArray[np.bool_], float]:
    """Return the lines, where the depth exceeds half-way between grains and lines, and that threshold.

    Grains and lines are the classes of Otsu's threshold, with their medians: an edge lies half-way, so that a line is
    as wide as it was drawn.
    """
    if not float(np.ptp(depth)) > 0:
        return np.zeros(depth.shape, dtype=bool), 0.0
    cut = threshold_otsu(depth)
    threshold = float(np.median(depth[depth > cut]) + np.median(depth[depth <= cut])) / 2
    return depth > threshold, threshold
