"""A pixel and its neighbourhood: its calm grey level as bright and dark, and windowed histograms around it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.feature_set import FeatureSet
from segment.features.flatten import flatten
from segment.features.histogram import fill_histogram
from segment.features.scale import window_sigma, working_shape

SMALLEST = np.float32(1e-6)
TAILS = (0.002, 0.998)
# Bilateral filter: its diameter and width in pixels, and its width in grey levels as a share of the range.
DIAMETER, SPACE, RANGE = 9, 2.5, 0.3
BINS = {"grey": 8, "blob": 6, "edge": 6}
# Keeps the variance of the histograms below that of the grey level, which draws the boundaries.
HISTOGRAM_WEIGHT = np.float32(0.5)


def compute_texture(image: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Fill `out`, shape (22, h, w), with two fine and twenty windowed features of `image`.

    - ``bright``, ``dark``: the grey level after a bilateral filter and `segment.features.flatten`, scaled to [0, 1]
      between its 0.2 % and 99.8 % quantiles, and its complement. They follow boundaries to the pixel.
    - ``grey_0 ... grey_7``: windowed histogram (see `fill_histogram`) of the flattened, unfiltered grey level.
    - ``blob_0 ... blob_5``, ``edge_0 ... edge_5``: the same of its Laplacian of Gaussian and of its gradient magnitude,
      both at sigma 1.

    The window is `window_sigma`; histograms are weighted with 0.5, so that a band sums to 1 or 0.5 in every pixel and
    an abundance is an area share. A constant image gives 1e-6 everywhere.

    Notes
    -----
    Deterministic for any number of threads. Images with a shorter side above 400 pixels are reduced to that for the
    histograms, so the cost per pixel is small and structure is seen at the same scale in a large and a small scan.
    """
    if image.min() == image.max():
        out.fill(SMALLEST)
        return
    shape = working_shape(image.shape)
    grey = _stretch(image)
    calm = np.asarray(cv2.bilateralFilter(grey, DIAMETER, RANGE, SPACE, borderType=cv2.BORDER_REFLECT), np.float32)
    flat = flatten(calm)
    bright, dark, *_ = out
    np.copyto(bright, _stretch(flat))
    np.subtract(np.float32(1), bright, out=dark)
    grey += flat - calm
    detail = cv2.GaussianBlur(cv2.resize(grey, shape[::-1], interpolation=cv2.INTER_AREA), (0, 0), 0.5)
    smooth = cv2.GaussianBlur(detail, (0, 0), 1.0)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    bands = (detail, cv2.Laplacian(smooth, cv2.CV_32F), np.sqrt(across * across + down * down))
    start = 2
    for band, count in zip(bands, BINS.values(), strict=True):
        fill_histogram(np.asarray(band, np.float32), window_sigma(shape), out[start : start + count])
        start += count
    out[2:] *= HISTOGRAM_WEIGHT
    np.maximum(out, SMALLEST, out=out)


def _stretch(image: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = np.quantile(image[::2, ::2], TAILS)
    if high <= low:
        low, high = image.min(), image.max()
    stretched = (image.astype(np.float64) - low) / (high - low) if high > low else np.zeros(image.shape)
    return np.clip(stretched, 0, 1).astype(np.float32)


TEXTURE = FeatureSet(
    ("bright", "dark", *(f"{name}_{index}" for name, count in BINS.items() for index in range(count))), compute_texture
)
