"""Where columns are: peaks that noise alone would not make."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d
from skimage.feature import peak_local_max

Kernel = Literal["gaussian", "laplacian"]

# Variance of the slope along an axis of white noise, filtered and scaled to variance 1, times sigma^2.
LAPLACIAN_BEND = 1.5
GAUSSIAN_BEND = 0.5
BENDS: dict[Kernel, float] = {"gaussian": GAUSSIAN_BEND, "laplacian": LAPLACIAN_BEND}
# The shape of columns is not exactly what the model says.
DOUBT = 0.1


@dataclass(frozen=True)
class Peaks:
    """Peaks of a filtered image.

    Attributes
    ----------
    positions : ndarray of float64, shape (n, 2)
        (y, x), to about a tenth of a pixel where the noise allows.
    significance : ndarray of float64, shape (n,)
        Height in standard deviations of the noise there, corrected for the skewness of counts.
    """

    positions: NDArray[np.float64]
    significance: NDArray[np.float64]


def find_peaks(image: NDArray[np.float64], variance: NDArray[np.float64], gain: float, sigma: float) -> Peaks:
    """Find the peaks of an image filtered by a Laplacian of a Gaussian of the width of a column.

    Parameters
    ----------
    image, variance : ndarray of float64, shape (h, w)
        Grey levels, and the variance of each.
    gain : float
        Grey levels per count.
    sigma : float
        Standard deviation of a column in pixels.

    Returns
    -------
    Peaks
        Those above 0, in order of rows.
    """
    response, square, cube = (_laplacian(values, sigma, power) for power, values in _powers(image, variance))
    return _peaks(response, square, cube, gain)


def find_left_over(
    residual: NDArray[np.float64],
    variance: NDArray[np.float64],
    explained: NDArray[np.float64],
    gain: float,
    sigma: float,
    kernel: Kernel,
) -> Peaks:
    """Find the peaks of what a model leaves of an image, filtered by the shape of a column or by its Laplacian.

    Parameters
    ----------
    residual, variance : ndarray of float64, shape (h, w)
        What the model leaves, and the variance of each pixel.
    explained : ndarray of float64, shape (h, w)
        What the columns of the model stand for: a part `DOUBT` of it may be wrong, and must be surpassed.
    gain : float
        Grey levels per count.
    sigma : float
        Standard deviation of a column in pixels.
    kernel : {"gaussian", "laplacian"}

    Returns
    -------
    Peaks
        Those above 0, in order of rows. Where the residual spreads wider than the noise, heights are in units of that.
    """
    filtered = _gaussian if kernel == "gaussian" else _laplacian
    response, square, cube = (filtered(values, sigma, power) for power, values in _powers(residual, variance))
    z = response / np.sqrt(np.maximum(square, np.finfo(np.float64).tiny))
    spread = max(1.0, 1.4826 * float(np.median(np.abs(z - np.median(z)))))
    # Both kernels answer to a column of their own width with pi sigma^2 times its height.
    response = response - DOUBT * _gaussian(explained, sigma, 1)
    return _peaks(response, square * spread**2, cube * spread**3, gain)


def _powers(image: NDArray[np.float64], variance: NDArray[np.float64]) -> tuple[tuple[int, NDArray[np.float64]], ...]:
    return (1, image), (2, variance), (3, variance)


def _peaks(response: NDArray[np.float64], square: NDArray[np.float64], cube: NDArray[np.float64], gain: float) -> Peaks:
    """Return the peaks of `response`, of which `square` is the variance and ``gain * cube`` the third moment.

    Counts are skewed: z is replaced by ``z - s (z^2 - 1) / 6``, s the skewness, the first term of the expansion of
    Cornish and Fisher, doi 10.2307/1400905.
    """
    places = peak_local_max(response, min_distance=1, threshold_abs=0.0, exclude_border=False)
    places = places[np.lexsort((places[:, 1], places[:, 0]))]
    at = tuple(places.T)
    spread = np.sqrt(np.maximum(square[at], np.finfo(np.float64).tiny))
    z = response[at] / spread
    return Peaks(_between_pixels(response, places), z - gain * cube[at] / spread**3 * (z**2 - 1) / 6)


def choose_threshold(
    significance: NDArray[np.float64], n_pixels: int, bend: float, rate: float, n_certain: int = 0
) -> float:
    """Choose the lowest height above which so small a rate of the peaks is expected to be noise.

    Parameters
    ----------
    significance : ndarray of float64, shape (n,)
        Heights of peaks.
    n_pixels : int
        Pixels in which noise alone could make peaks.
    bend : float
        Variance of the slope of the noise along an axis, after the filter: `LAPLACIAN_BEND` or `GAUSSIAN_BEND` over
        sigma^2.
    rate : float
        Largest part of the accepted peaks that may be noise.
    n_certain : int, default 0
        Accepted peaks that are not among these.

    Returns
    -------
    float
        Infinity where no height is enough.

    Notes
    -----
    Of a smooth Gaussian field, ``n_pixels bend u exp(-u^2/2) / (2 pi)^(3/2)`` peaks above u are expected; R. J. Adler,
    doi 10.1137/1.9780898719322, section 5.
    """
    heights = np.sort(significance)[::-1]
    # Below sqrt(3) the formula no longer counts peaks alone.
    heights = heights[heights > math.sqrt(3.0)]
    expected = n_pixels * bend * heights * np.exp(-(heights**2) / 2) / (2 * math.pi) ** 1.5
    fine = np.flatnonzero(expected <= rate * (n_certain + np.arange(1, heights.size + 1)))
    return float(heights[fine[-1]]) if fine.size else math.inf


def _gaussian(image: NDArray[np.float64], sigma: float, power: int) -> NDArray[np.float64]:
    """Convolve with a Gaussian of height 1, to the given power."""
    reach = math.ceil(4.5 * sigma)
    bell = np.exp(-power * (np.arange(-reach, reach + 1) / sigma) ** 2 / 2)
    return convolve1d(convolve1d(image, bell, axis=0, mode="constant"), bell, axis=1, mode="constant")


def _laplacian(image: NDArray[np.float64], sigma: float, power: int) -> NDArray[np.float64]:
    """Convolve with the kernel, every element of it to the given power.

    The kernel is ``(2 - y^2 - x^2) exp(-(y^2 + x^2) / 2)`` in units of sigma, so that each power of it is a sum of
    products of functions of y and of x.
    """
    reach = math.ceil(4.5 * sigma)
    t = np.arange(-reach, reach + 1) / sigma
    bell = np.exp(-(t**2) / 2)
    # The sampled kernel must not see a constant.
    shifted = 1 - t**2 - np.sum((1 - t**2) * bell) / np.sum(bell)
    # (f(y) + f(x))^p = sum of binomials, f = shifted.
    total = np.zeros_like(image)
    for k in range(power + 1):
        down = convolve1d(image, shifted**k * bell**power, axis=0, mode="reflect")
        total += math.comb(power, k) * convolve1d(down, shifted ** (power - k) * bell**power, axis=1, mode="reflect")
    return total


def _between_pixels(response: NDArray[np.float64], places: NDArray[np.intp]) -> NDArray[np.float64]:
    """Move each peak to the top of the parabola through it and its neighbours, at most half a pixel."""
    padded = np.pad(response, 1, mode="edge")
    moved = places.astype(np.float64)
    at = places + 1
    top = padded[tuple(at.T)]
    for axis in range(2):
        step = np.eye(2, dtype=int)[axis]
        before, after = padded[tuple((at - step).T)], padded[tuple((at + step).T)]
        bend = before - 2 * top + after
        shift = np.divide(before - after, 2 * bend, out=np.zeros_like(top), where=bend < 0)
        moved[:, axis] += np.clip(shift, -0.5, 0.5)
    return moved
