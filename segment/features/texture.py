"""A pixel's neighbourhood as windowed histograms of grey level, blobs and edges, with or without the pixel itself."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.feature_set import FeatureSet
from segment.features.flatten import flattened
from segment.features.grey import SMALLEST, fill_pair, stretch
from segment.features.histogram import fill_histogram, windowed
from segment.features.rows import FeatureRows, enlarge_rows
from segment.features.scale import coarseness, window_sigma, window_weight, working_shape
from segment.features.valid import taken, valid_at
from segment.records import Neighbourhood, valid_of

# Bilateral filter: its diameter and width in pixels, and its width in grey levels as a fraction of the range. It keeps
# the noise of single pixels for boundaries; a narrow blur before it, a fraction of the shorter side wide, takes that
# away.
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
    `coarseness`, so that a band sums to 1 or to that weight in every pixel and an abundance is an area fraction: where
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
    valid = valid_of(image)
    smoothed, grey = smoothed_grey(image, flatten)
    fill_pair(smoothed, out[:2], valid)
    window = _fill_windows(grey, BINS, scale, out[2:], valid)
    shape = working_shape(image.shape)
    small = np.asarray(cv2.resize(out[0], shape[::-1], interpolation=cv2.INTER_AREA), np.float32)
    coarse = coarseness(small, window_sigma(shape) * scale, valid_at(valid, shape))
    weight = window_weight(coarse)
    seen = Neighbourhood(window, weight, coarse, *_levels(out[0], valid))
    out[2:] *= np.float32(weight)
    np.maximum(out, SMALLEST, out=out)
    return seen


def open_texture(image: NDArray[np.float32], scale: float, flatten: int) -> FeatureRows:
    """Return the features of `compute_texture`, of which rows are computed when they are asked for.

    The grey level is kept for every pixel, all else on the grid of the windows: 4 bytes a pixel in the place of 88.
    """
    shape, valid = (image.shape[0], image.shape[1]), valid_of(image)
    names = ("bright", "dark", *_names(BINS))
    if image.min() == image.max():
        return FeatureRows(names, shape, None, lambda top, bottom, out: out.fill(SMALLEST))
    smoothed, grey = smoothed_grey(image, flatten)
    bright = stretch(smoothed, valid)
    del smoothed
    working = working_shape(shape)
    bands, counted = find_bands(grey), valid_at(valid, working)
    del grey
    sigma = window_sigma(working) * scale
    small = np.asarray(cv2.resize(bright, working[::-1], interpolation=cv2.INTER_AREA), np.float32)
    coarse = coarseness(small, sigma, counted)
    weight = window_weight(coarse)
    histograms = [windowed(bands[name], sigma, count, counted) for name, count in BINS.items()]

    def fill(top: int, bottom: int, out: NDArray[np.float32]) -> None:
        np.copyto(out[0], bright[top:bottom])
        np.subtract(np.float32(1), out[0], out=out[1])
        start = 2
        for histogram in histograms:
            part = out[start : start + len(histogram)]
            np.multiply(enlarge_rows(histogram, shape, top, bottom), np.float32(weight), out=part)
            start += len(histogram)
        np.maximum(out, SMALLEST, out=out)

    seen = Neighbourhood(sigma * min(shape) / min(working), weight, coarse, *_levels(bright, valid))
    return FeatureRows(names, shape, seen, fill)


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
    window = _fill_windows(smoothed_grey(image, flatten)[1], bins, scale, out, valid_of(image))
    np.maximum(out, SMALLEST, out=out)
    return Neighbourhood(window)


def smoothed_grey(image: NDArray[np.float32], flatten: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return flattened grey levels in [0, 1] or somewhat beyond, with and without a bilateral filter.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Grey levels, not all the same.
    flatten : int
        Number of grey-level classes by which the background is estimated; 0: it stays.

    Returns
    -------
    tuple of (ndarray of float32, ndarray of float32), each of shape (h, w)
    """
    valid = valid_of(image)
    grey = stretch(image, valid)
    sigma = max(min(image.shape) / BLURS_PER_SIDE, 0.1)
    smoothed = cv2.GaussianBlur(grey, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    smoothed = np.asarray(
        cv2.bilateralFilter(smoothed, DIAMETER, RANGE, SPACE, borderType=cv2.BORDER_REFLECT), np.float32
    )
    flat = flattened(smoothed, flatten, valid)
    grey += flat - smoothed
    return flat, grey


def _fill_windows(
    grey: NDArray[np.float32],
    bins: dict[str, int],
    scale: float,
    out: NDArray[np.float32],
    valid: NDArray[np.bool_] | None,
) -> float:
    """Fill `out` with the histograms of the bands in `bins`; return the window's sigma in pixels of `grey`."""
    shape = working_shape(grey.shape)
    bands = find_bands(grey)
    start, sigma, counted = 0, window_sigma(shape) * scale, valid_at(valid, shape)
    for name, count in bins.items():
        fill_histogram(bands[name], sigma, out[start : start + count], counted)
        start += count
    return sigma * min(grey.shape) / min(shape)


def find_bands(grey: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return grey level, Laplacian of Gaussian and gradient magnitude of an image, each of its working shape."""
    shape = working_shape(grey.shape)
    detail = cv2.GaussianBlur(cv2.resize(grey, shape[::-1], interpolation=cv2.INTER_AREA), (0, 0), 0.5)
    smooth = cv2.GaussianBlur(detail, (0, 0), 1.0)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    bands = {
        "grey": detail,
        "blob": cv2.Laplacian(smooth, cv2.CV_32F),
        "edge": np.sqrt(across * across + down * down),
    }
    return {name: np.asarray(band, np.float32) for name, band in bands.items()}


def _levels(bright: NDArray[np.float32], valid: NDArray[np.bool_] | None) -> tuple[float, float]:
    """Return mean and standard deviation of a plane, over the pixels that take part."""
    # OpenCV sums in double precision, without a copy in it.
    mean, spread = cv2.meanStdDev(taken(bright, valid))
    return float(mean[0, 0]), float(spread[0, 0])


def _names(bins: dict[str, int]) -> tuple[str, ...]:
    return tuple(f"{name}_{index}" for name, count in bins.items() for index in range(count))


TEXTURE = FeatureSet(("bright", "dark", *_names(BINS)), compute_texture, flatten=2, open_rows=open_texture)
HISTOGRAM = FeatureSet(_names(BINS), compute_histogram)
ROUGHNESS = FeatureSet(_names(ROUGH), compute_roughness)
