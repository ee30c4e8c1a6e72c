"""The grey level of a pixel as two features, bright and dark, so that no phase is the zero vector."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.feature_set import FeatureSet
from segment.features.flatten import flattened

SMALLEST = np.float32(1e-6)
TAILS = (0.002, 0.998)
SIGMA = 1.5


def compute_grey(image: NDArray[np.float32], out: NDArray[np.float32], scale: float, flatten: int) -> None:
    """Fill `out`, shape (2, h, w), with the grey level after a Gaussian blur, and its complement.

    The blur has sigma 1.5 pixels times `scale`. Grey levels are scaled to [0, 1] between the image's 0.2 % and 99.8 %
    quantiles, after shading is subtracted where `flatten` asks for it. A constant image gives 1e-6 everywhere.
    """
    if image.min() == image.max():
        out.fill(SMALLEST)
        return
    calm = cv2.GaussianBlur(stretch(image), (0, 0), max(SIGMA * scale, 0.1), borderType=cv2.BORDER_REFLECT)
    fill_pair(flattened(np.asarray(calm, dtype=np.float32), flatten), out)
    np.maximum(out, SMALLEST, out=out)


def fill_pair(grey: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Fill `out`, shape (2, h, w), with stretched grey levels and their complement."""
    bright, dark = out
    np.copyto(bright, stretch(grey))
    np.subtract(np.float32(1), bright, out=dark)


def stretch(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return grey levels scaled to [0, 1] between their 0.2 % and 99.8 % quantiles, cut off there."""
    low, high = np.quantile(image[::2, ::2], TAILS)
    if high <= low:
        low, high = image.min(), image.max()
    stretched = (image.astype(np.float64) - low) / (high - low) if high > low else np.zeros(image.shape)
    return np.clip(stretched, 0, 1).astype(np.float32)


GREY = FeatureSet(("bright", "dark"), compute_grey)
