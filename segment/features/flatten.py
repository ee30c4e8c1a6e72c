"""Take slow shading out of an image without taking its phases along."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.valid import taken, valid_at

N_LEVELS = 2
ROUNDS = 6
WIDTH = 0.1
N_BINS = 256
# The shading is smooth: it is estimated on an image of about this many pixels a side.
COARSE = 160


def flatten(
    image: NDArray[np.float32], *, n_levels: int = N_LEVELS, valid: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Subtract the shading of an image.

    Every pixel is taken for one of `n_levels` grey levels plus a smooth background. Levels and background are
    estimated in turn, so that a large dark grain is a level, and only what no level explains is background.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Grey levels.
    n_levels : int, default 2
        Number of grey levels, at least 1.
    valid : ndarray of bool, shape (h, w), optional
        Pixels whose levels count; None: all.

    Returns
    -------
    ndarray of float32, shape (h, w)
        Grey levels with the mean of `image`; they may leave its range.

    Notes
    -----
    The background is a Gaussian blur, sigma a tenth of the shorter side, of what is left after subtracting the
    nearest level. Six rounds from no background and six from the image's own blur, on a reduced image; the outcome
    that explains the image better is kept.

    References
    ----------
    M. N. Ahmed et al., "A modified fuzzy c-means algorithm for bias field estimation and segmentation of MRI data",
    doi 10.1109/42.996338: the same alternation, with soft memberships.

    Examples
    --------
    >>> stripes = np.tile(np.repeat(np.float32([0.3, 0.6]), 8), (96, 6))
    >>> shaded = stripes + np.linspace(0, 0.3, 96, dtype=np.float32)[:, None]
    >>> bool(np.ptp(flatten(shaded)) < 0.4 < np.ptp(shaded))
    True
    """
    if n_levels < 1:
        raise ValueError(f"n_levels must be at least 1, got {n_levels}")
    height, width = image.shape
    shrink = max(1.0, min(height, width) / COARSE)
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    sigma, small_valid = max(WIDTH * min(size), 0.5), valid_at(valid, size[::-1])
    # From no background the levels of large phases are safe, from a blur those that strong shading would hide.
    starts = (np.zeros_like(small), _blur(small, sigma))
    background = min(
        (_alternate(small, start, n_levels, sigma, small_valid) for start in starts), key=lambda found: found[0]
    )[1]
    background -= taken(background, small_valid).mean()
    return image - cv2.resize(background, (width, height), interpolation=cv2.INTER_LINEAR)


def flattened(image: NDArray[np.float32], n_levels: int, valid: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """Return `flatten(image)`, or `image` itself for 0 levels."""
    return np.ascontiguousarray(flatten(image, n_levels=n_levels, valid=valid)) if n_levels else image


def _alternate(
    image: NDArray[np.float32],
    background: NDArray[np.float32],
    n_levels: int,
    sigma: float,
    valid: NDArray[np.bool_] | None,
) -> tuple[float, NDArray[np.float32]]:
    """Return what levels and background leave unexplained, and the background."""
    nearest = image
    for _ in range(ROUNDS):
        flat = image - background
        levels = find_levels(taken(flat, valid), n_levels)
        edges = (levels[1:] + levels[:-1]) / 2
        nearest = levels[np.searchsorted(edges, flat)].astype(np.float32)
        background = _blur(image - nearest, sigma)
    return float(taken(np.square(image - nearest - background), valid).sum(dtype=np.float64)), background


def find_levels(image: NDArray[np.float32], n_levels: int, rounds: int = 30) -> NDArray[np.float64]:
    """Find grey levels by k-means on the histogram, started from quantiles; sorted, shape (n_levels,)."""
    low, high = float(image.min()), float(image.max())
    # All that differs is rounding, and bins would have no width.
    if high - low <= N_BINS * float(np.spacing(np.float32(max(abs(low), abs(high))))):
        return np.full(n_levels, (low + high) / 2)
    counts, edges = np.histogram(image, bins=N_BINS)
    centres = (edges[1:] + edges[:-1]) / 2
    weights, moments = np.cumsum(np.r_[0, counts]), np.cumsum(np.r_[0, counts * centres])
    levels = np.quantile(image, (np.arange(n_levels) + 0.5) / n_levels)
    for _ in range(rounds):
        cuts = np.r_[0, np.searchsorted(centres, (levels[1:] + levels[:-1]) / 2), N_BINS]
        counts_of_levels = np.diff(weights[cuts])
        found = np.where(counts_of_levels > 0, np.diff(moments[cuts]) / np.maximum(counts_of_levels, 1), levels)
        if np.array_equal(found, levels):
            break
        levels = np.sort(found)
    return np.asarray(levels, dtype=np.float64)


def _blur(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), dtype=np.float32)
