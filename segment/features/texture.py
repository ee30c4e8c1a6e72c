"""A pixel's neighbourhood as windowed histograms of grey level, blobs and edges, with or without the pixel itself."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.feature_set import FeatureSet
from segment.features.flatten import flattened
from segment.features.grey import SMALLEST, fill_pair, stretch
from segment.features.histogram import fill_histogram
from segment.features.scale import coarseness, window_sigma, window_weight, working_shape
from segment.records import Neighbourhood

# Bilateral filter: its diameter and width in pixels, and its width in grey levels as a share of the range. It keeps the
# noise of single pixels for boundaries; a narrow blur before it, a share of the shorter side wide, takes that away.
DIAMETER, SPACE, RANGE = 9, 2.5, 0.3
BLURS_PER_SIDE = 450
BINS = {"grey": 8, "blob": 6, "edge": 6}
ROUGH = {"blob": 6, "edge": 6}


def compute_texture(
    image: NDArray[np.float32], out: NDArray[np.float32], scale: float, flatten: int
) -> Neighbourhood | None:
    """Fill `out`, shape (22, h, w), with two fine and twenty windowed features of `image`.

    - ``bright``, ``dark``: the grey level after a narrow blur, a bilateral filter and `segment.features.flatten`,
      scaled to [0, 1] between its 0.2 % and 99.8 % quantiles, and its complement. They follow boundaries to the pixel.
    - ``grey_0 ... grey_7``: windowed histogram (see `fill_histogram`) of the flattened, unfiltered grey level.
    - ``blob_0 ... blob_5``, ``edge_0 ... edge_5``: the same of its Laplacian of Gaussian and of its gradient magnitude,
      both at sigma 1.

    The window is `window_sigma` times `scale`. Histograms are multiplied by `window_weight` of the image's
    `coarseness`, so that a band sums to 1 or to that weight in every pixel and an abundance is an area share: where
    phases are finer than the window the pixel counts, where they are larger their texture. A constant image gives
    1e-6 everywhere, and no choice.

    Notes
    -----
    Deterministic for any number of threads. Images with a shorter side above 400 pixels are reduced to that for the
    histograms, so the cost per pixel is small and structure is seen at the same scale in a large and a small scan.
    """
    if image.min() == image.max():
        out.fill(SMALLEST)
        return None
    calm, grey = _calmed(image, flatten)
    fill_pair(calm, out[:2])
    window = _fill_windows(grey, BINS, scale, out[2:])
    shape = working_shape(image.shape)
    small = np.asarray(cv2.resize(out[0], shape[::-1], interpolation=cv2.INTER_AREA), np.float32)
    coarse = coarseness(small, window_sigma(shape) * scale)
    weight = window_weight(coarse)
    out[2:] *= np.float32(weight)
    np.maximum(out, SMALLEST, out=out)
    return Neighbourhood(window, weight, coarse)


def compute_histogram(
    image: NDArray[np.float32], out: NDArray[np.float32], scale: float, flatten: int
) -> Neighbourhood | None:
    """Fill `out`, shape (20, h, w), with the windowed histograms of `compute_texture` at full weight, and no more."""
    return _compute_windows(image, BINS, out, scale, flatten)


def compute_roughness(
    image: NDArray[np.float32], out: NDArray[np.float32], scale: float, flatten: int
) -> Neighbourhood | None:
    """Fill `out`, shape (12, h, w), with the windowed histograms of blobs and edges: bright or dark is all the same."""
    return _compute_windows(image, ROUGH, out, scale, flatten)


def _compute_windows(
    image: NDArray[np.float32], bins: dict[str, int], out: NDArray[np.float32], scale: float, flatten: int
) -> Neighbourhood | None:
    if image.min() == image.max():
        out.fill(SMALLEST)
        return None
    window = _fill_windows(_calmed(image, flatten)[1], bins, scale, out)
    np.maximum(out, SMALLEST, out=out)
    return Neighbourhood(window)


def _calmed(image: NDArray[np.float32], flatten: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return flattened grey levels in [0, 1] or somewhat beyond, with and without a bilateral filter."""
    grey = stretch(image)
    sigma = max(min(image.shape) / BLURS_PER_SIDE, 0.1)
    calm = cv2.GaussianBlur(grey, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    calm = np.asarray(cv2.bilateralFilter(calm, DIAMETER, RANGE, SPACE, borderType=cv2.BORDER_REFLECT), np.float32)
    flat = flattened(calm, flatten)
    grey += flat - calm
    return flat, grey


def _fill_windows(grey: NDArray[np.float32], bins: dict[str, int], scale: float, out: NDArray[np.float32]) -> float:
    """Fill `out` with the histograms of the bands in `bins`; return the window's sigma in pixels of `grey`."""
    shape = working_shape(grey.shape)
    detail = cv2.GaussianBlur(cv2.resize(grey, shape[::-1], interpolation=cv2.INTER_AREA), (0, 0), 0.5)
    smooth = cv2.GaussianBlur(detail, (0, 0), 1.0)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    bands = {
        "grey": detail,
        "blob": cv2.Laplacian(smooth, cv2.CV_32F),
        "edge": np.sqrt(across * across + down * down),
    }
    start, sigma = 0, window_sigma(shape) * scale
    for name, count in bins.items():
        fill_histogram(np.asarray(bands[name], np.float32), sigma, out[start : start + count])
        start += count
    return sigma * min(grey.shape) / min(shape)


def _names(bins: dict[str, int]) -> tuple[str, ...]:
    return tuple(f"{name}_{index}" for name, count in bins.items() for index in range(count))


TEXTURE = FeatureSet(("bright", "dark", *_names(BINS)), compute_texture, flatten=2)
HISTOGRAM = FeatureSet(_names(BINS), compute_histogram)
ROUGHNESS = FeatureSet(_names(ROUGH), compute_roughness)
