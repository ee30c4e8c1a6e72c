"""A pixel's neighbourhood as windowed histograms of grey level, blobs and edges, with or without the pixel itself."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.feature_set import FeatureSet
from segment.features.flatten import flattened
from segment.features.grey import SMALLEST, fill_pair, stretch
from segment.features.histogram import fill_histogram
from segment.features.scale import window_sigma, working_shape

# Bilateral filter: its diameter and width in pixels, and its width in grey levels as a share of the range.
DIAMETER, SPACE, RANGE = 9, 2.5, 0.3
BINS = {"grey": 8, "blob": 6, "edge": 6}
ROUGH = {"blob": 6, "edge": 6}
# Keeps the variance of the histograms below that of the grey level, which draws the boundaries.
HISTOGRAM_WEIGHT = np.float32(0.5)


def compute_texture(image: NDArray[np.float32], out: NDArray[np.float32], scale: float, flatten: int) -> None:
    """Fill `out`, shape (22, h, w), with two fine and twenty windowed features of `image`.

    - ``bright``, ``dark``: the grey level after a bilateral filter and `segment.features.flatten`, scaled to [0, 1]
      between its 0.2 % and 99.8 % quantiles, and its complement. They follow boundaries to the pixel.
    - ``grey_0 ... grey_7``: windowed histogram (see `fill_histogram`) of the flattened, unfiltered grey level.
    - ``blob_0 ... blob_5``, ``edge_0 ... edge_5``: the same of its Laplacian of Gaussian and of its gradient magnitude,
      both at sigma 1.

    The window is `window_sigma` times `scale`; histograms are weighted with 0.5, so that a band sums to 1 or 0.5 in
    every pixel and an abundance is an area share. A constant image gives 1e-6 everywhere.

    Notes
    -----
    Deterministic for any number of threads. Images with a shorter side above 400 pixels are reduced to that for the
    histograms, so the cost per pixel is small and structure is seen at the same scale in a large and a small scan.
    """
    if image.min() == image.max():
        out.fill(SMALLEST)
        return
    calm, grey = _calmed(image, flatten)
    fill_pair(calm, out[:2])
    _fill_windows(grey, BINS, scale, out[2:])
    out[2:] *= HISTOGRAM_WEIGHT
    np.maximum(out, SMALLEST, out=out)


def compute_histogram(image: NDArray[np.float32], out: NDArray[np.float32], scale: float, flatten: int) -> None:
    """Fill `out`, shape (20, h, w), with the windowed histograms of `compute_texture` at full weight, and no more."""
    _compute_windows(image, BINS, out, scale, flatten)


def compute_roughness(image: NDArray[np.float32], out: NDArray[np.float32], scale: float, flatten: int) -> None:
    """Fill `out`, shape (12, h, w), with the windowed histograms of blobs and edges: bright or dark is all the same."""
    _compute_windows(image, ROUGH, out, scale, flatten)


def _compute_windows(
    image: NDArray[np.float32], bins: dict[str, int], out: NDArray[np.float32], scale: float, flatten: int
) -> None:
    if image.min() == image.max():
        out.fill(SMALLEST)
        return
    _fill_windows(_calmed(image, flatten)[1], bins, scale, out)
    np.maximum(out, SMALLEST, out=out)


def _calmed(image: NDArray[np.float32], flatten: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return flattened grey levels in [0, 1] or somewhat beyond, with and without a bilateral filter."""
    grey = stretch(image)
    calm = np.asarray(cv2.bilateralFilter(grey, DIAMETER, RANGE, SPACE, borderType=cv2.BORDER_REFLECT), np.float32)
    flat = flattened(calm, flatten)
    grey += flat - calm
    return flat, grey


def _fill_windows(grey: NDArray[np.float32], bins: dict[str, int], scale: float, out: NDArray[np.float32]) -> None:
    shape = working_shape(grey.shape)
    detail = cv2.GaussianBlur(cv2.resize(grey, shape[::-1], interpolation=cv2.INTER_AREA), (0, 0), 0.5)
    smooth = cv2.GaussianBlur(detail, (0, 0), 1.0)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    bands = {
        "grey": detail,
        "blob": cv2.Laplacian(smooth, cv2.CV_32F),
        "edge": np.sqrt(across * across + down * down),
    }
    start = 0
    for name, count in bins.items():
        fill_histogram(np.asarray(bands[name], np.float32), window_sigma(shape) * scale, out[start : start + count])
        start += count


def _names(bins: dict[str, int]) -> tuple[str, ...]:
    return tuple(f"{name}_{index}" for name, count in bins.items() for index in range(count))


TEXTURE = FeatureSet(("bright", "dark", *_names(BINS)), compute_texture, flatten=2)
HISTOGRAM = FeatureSet(_names(BINS), compute_histogram)
ROUGHNESS = FeatureSet(_names(ROUGH), compute_roughness)
