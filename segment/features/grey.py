"""The grey level of a pixel as two features, bright and dark, so that no phase is the zero vector."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.feature_set import FeatureSet
from segment.features.flatten import flattened
from segment.features.valid import taken
from segment.records import valid_of

SMALLEST = np.float32(1e-6)
TAILS = (0.002, 0.998)
SIGMA = 1.5
ROWS = 256


def compute_grey(image: NDArray[np.float32], out: NDArray[np.float32], scale: float, flatten: int) -> None:
    """Fill `out`, shape (2, h, w), with the grey level after a Gaussian blur, and its complement.

    The blur has sigma 1.5 pixels times `scale`. Grey levels are scaled to [0, 1] between the image's 0.2 % and 99.8 %
    quantiles, after shading is subtracted where `flatten` asks for it. A constant image gives 1e-6 everywhere.
    """
    if image.min() == image.max():
        out.fill(SMALLEST)
        return
    valid = valid_of(image)
    smoothed = cv2.GaussianBlur(stretch(image, valid), (0, 0), max(SIGMA * scale, 0.1), borderType=cv2.BORDER_REFLECT)
    fill_pair(flattened(np.asarray(smoothed, dtype=np.float32), flatten, valid), out, valid)
    np.maximum(out, SMALLEST, out=out)


def fill_pair(grey: NDArray[np.float32], out: NDArray[np.float32], valid: NDArray[np.bool_] | None = None) -> None:
    """Fill `out`, shape (2, h, w), with stretched grey levels and their complement."""
    bright, dark = out
    np.copyto(bright, stretch(grey, valid))
    np.subtract(np.float32(1), bright, out=dark)


def stretch(image: NDArray[np.float32], valid: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """Return grey levels scaled to [0, 1] between the 0.2 % and 99.8 % quantiles of valid ones, cut off there."""
    image = np.asarray(image)
    low, high = np.quantile(taken(image[::2, ::2], None if valid is None else valid[::2, ::2]), TAILS)
    if high <= low:
        seen = taken(image, valid)
        low, high = seen.min(), seen.max()
    stretched = np.zeros(image.shape, dtype=np.float32)
    if high > low:
        # In blocks of rows: float64 of all pixels would be the largest array there is.
        for top in range(0, len(image), ROWS):
            part = (image[top : top + ROWS].astype(np.float64) - low) / (high - low)
            stretched[top : top + ROWS] = np.clip(part, 0, 1)
    return stretched


GREY = FeatureSet(("bright", "dark"), compute_grey)
