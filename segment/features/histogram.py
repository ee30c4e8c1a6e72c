"""Windowed histograms: the fractions of soft grey-level bins in the neighbourhood of every pixel."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.valid import taken

# Quantiles are taken over one pixel in three each way, windows of sigma s over a grid of s / 3 pixels.
QUANTILE_STEP = 3
GRID_PER_SIGMA = 3


def fill_histogram(
    band: NDArray[np.float32],
    sigma: float,
    out: NDArray[np.float32],
    valid: NDArray[np.bool_] | None = None,
    centres: NDArray[np.float64] | None = None,
) -> None:
    """Fill `out` with the windowed histogram of a band.

    Bin centres are quantiles of the band, unless they are given. A value between two centres is shared between them in
    proportion, so histograms change smoothly; a Gaussian window then averages each bin.

    Parameters
    ----------
    band : ndarray of float32, shape (h, w)
    sigma : float
        Width of the window in pixels of `band`.
    out : ndarray of float32, shape (n_bins, H, W)
        Overwritten: shares in [0, 1] that sum to one over the bins, enlarged bilinearly to H x W.
    valid : ndarray of bool, shape (h, w), optional
        Pixels whose quantiles are taken; None: all.
    centres : ndarray of float64, shape (n_bins,), optional
        Ascending.

    Notes
    -----
    An area fraction: a window half in one phase and half in another has the mean of their histograms.
    """
    for small, plane in zip(windowed(band, sigma, len(out), valid, centres), out, strict=True):
        cv2.resize(small, plane.shape[::-1], dst=plane, interpolation=cv2.INTER_LINEAR)


def windowed(
    band: NDArray[np.float32],
    sigma: float,
    n_bins: int,
    valid: NDArray[np.bool_] | None = None,
    centres: NDArray[np.float64] | None = None,
) -> NDArray[np.float32]:
    """Return the windowed histogram of a band on the grid of its windows, bin after bin; see `fill_histogram`."""
    height, width = band.shape
    step = max(1.0, sigma / GRID_PER_SIGMA)
    size = (max(1, round(width / step)), max(1, round(height / step)))
    if centres is None:
        places = (slice(None, None, QUANTILE_STEP),) * 2
        sample = taken(band[places], None if valid is None else valid[places])
        centres = np.asarray(np.quantile(sample, (np.arange(n_bins) + 0.5) / n_bins), np.float64)
    position = np.interp(band, centres, np.arange(n_bins)).astype(np.float32)
    found = np.empty((n_bins, *size[::-1]), dtype=np.float32)
    for index, small in enumerate(found):
        weight = np.maximum(0, 1 - np.abs(position - index))
        reduced = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
        small[:] = cv2.GaussianBlur(reduced, (0, 0), sigma / step, borderType=cv2.BORDER_REFLECT)
    return found
