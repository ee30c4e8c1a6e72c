"""How wide a column is and how far apart columns are, from the image itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.ndimage import gaussian_filter, maximum_filter

from segment.records import ImageScale

# Of a shorter period, columns are no maxima of their own.
LEAST_PERIOD_PX = 4.0
# Structures slower than this part of the shorter side are background.
SLOW = 1 / 16
# Standard deviations that noise alone does not reach among some ten thousand lags.
CERTAIN = 5.0


def find_scale(image: NDArray[np.float64]) -> ImageScale:
    """Find the width of a column and the shortest period, if there is one, from the autocorrelation.

    Parameters
    ----------
    image : ndarray of float64, shape (h, w)
        Grey levels; columns are bright.

    Returns
    -------
    ImageScale
        Lengths in pixels.

    Raises
    ------
    ValueError
        The image has no structure beyond noise, or a period shorter than 4 pixels. Says which, and what was found.

    Notes
    -----
    The autocorrelation of Gaussian columns of standard deviation s falls as ``exp(-r^2 / 4 s^2)`` from lag 0, and white
    noise is in its value at lag 0 alone, which is left out. The period is the nearest of the peaks that are at least
    half as high as the highest one.
    """
    correlation, noise = _autocorrelation(image)
    height, width = correlation.shape
    y, x = np.mgrid[:height, :width].astype(np.float64)
    lag = np.hypot(y - height // 2, x - width // 2)
    ring = np.rint(lag).astype(int).ravel()
    profile = np.bincount(ring, correlation.ravel())[: min(height, width) // 2]
    profile = profile / np.bincount(ring)[: profile.size]
    nearest = correlation[(lag > 0) & (lag < 1.2)].mean()
    is_resolved = bool(nearest >= CERTAIN * noise)
    falls = np.flatnonzero(np.diff(profile[1:]) >= 0)
    minimum = int(falls[0]) + 1 if falls.size and is_resolved else 1
    period = _period(correlation, lag, minimum, noise)
    is_fine = period is not None and period < (LEAST_PERIOD_PX if is_resolved else 2 * LEAST_PERIOD_PX)
    if is_fine:
        raise ValueError(
            f"columns repeat every {period:.1f} pixels and are not resolved, a period of at least {LEAST_PERIOD_PX:g} "
            "is needed: record the image with a smaller pixel"
        )
    if not is_resolved:
        raise ValueError("the image has no structure beyond noise: neighbouring pixels are not alike")
    return ImageScale(_width(correlation, lag, max(minimum, 2)), period)


def _autocorrelation(image: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the autocorrelation with lag 0 in its middle, and the standard deviation that noise alone gives it."""
    height, width = image.shape
    flat = image - gaussian_filter(image, max(min(height, width) * SLOW, 4.0))
    size = (next_fast_len(2 * height, real=True), next_fast_len(2 * width, real=True))
    correlation = irfft2(np.abs(rfft2(flat, size)) ** 2, size)
    overlap = np.outer(
        *(np.maximum(n - np.abs(np.fft.fftfreq(m, 1 / m)), n / 4) for n, m in zip(image.shape, size, strict=True))
    )
    correlation = np.fft.fftshift(correlation / overlap)
    reach = (min(height // 2, 128), min(width // 2, 128))
    middle = (size[0] // 2, size[1] // 2)
    cut = correlation[middle[0] - reach[0] : middle[0] + reach[0] + 1, middle[1] - reach[1] : middle[1] + reach[1] + 1]
    return cut, float(correlation[middle] / np.sqrt(height * width))


def _width(correlation: NDArray[np.float64], lag: NDArray[np.float64], minimum: int) -> float:
    """Fit ``a exp(-r^2 / 4 s^2) + c`` over lags from 1 to about half-way to the first minimum."""
    near = (lag > 0) & (lag <= max(2.3, 0.55 * minimum))
    square, value = lag[near] ** 2, correlation[near]
    best, sigma = np.inf, 1.0
    for trial in np.geomspace(0.5, max(1.0, minimum), 60):
        design = np.stack([np.exp(-square / (4 * trial**2)), np.ones(square.size)], axis=1)
        answer, *_ = np.linalg.lstsq(design, value, rcond=None)
        error = float(np.sum((design @ answer - value) ** 2))
        if error < best:
            best, sigma = error, float(trial)
    return sigma


def _period(correlation: NDArray[np.float64], lag: NDArray[np.float64], minimum: int, noise: float) -> float | None:
    is_peak = (correlation == maximum_filter(correlation, 3)) & (lag > minimum) & (correlation > CERTAIN * noise)
    if not is_peak.any():
        return None
    heights, lags = correlation[is_peak], lag[is_peak]
    return float(lags[heights >= heights.max() / 2].min())
