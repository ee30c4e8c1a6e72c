"""How large a neighbourhood is for an image, and how much it counts beside the pixel itself."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.valid import taken

# A working image has this many pixels on its shorter side, unless it is smaller: fine filters are set for that.
WORKING_SIDE = 400
WINDOWS_PER_SIDE = 30
# Of windowed features beside the pixel's own: in proportion to the coarseness, within limits.
WEIGHT_PER_COARSENESS = 4.0
LEAST_WEIGHT, MOST_WEIGHT = 0.25, 1.0


def working_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Return the shape at which textures are taken: the shorter side at most 400 pixels.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the image, in pixels.

    Returns
    -------
    (int, int)

    Examples
    --------
    >>> working_shape((703, 1024))
    (400, 583)
    >>> working_shape((128, 128))
    (128, 128)
    """
    shrink = max(1.0, min(shape) / WORKING_SIDE)
    return max(1, round(shape[0] / shrink)), max(1, round(shape[1] / shrink))


def window_sigma(shape: tuple[int, int]) -> float:
    """Return the width of the window over which histograms are taken: a thirtieth of the shorter side.

    Parameters
    ----------
    shape : (int, int)
        Height and width of an image, in pixels.

    Returns
    -------
    float
        Standard deviation of a Gaussian window, in pixels of that image; at least 0.5.

    Examples
    --------
    >>> window_sigma((300, 400))
    10.0
    """
    return max(min(shape) / WINDOWS_PER_SIDE, 0.5)


def coarseness(grey: NDArray[np.float32], sigma: float, valid: NDArray[np.bool_] | None = None) -> float:
    """Return the fraction of the variance of grey levels that is coarser than a window.

    A granulometry in one number: ``var(G * grey) / var(grey)`` with G a Gaussian. Near 0, phases are finer than the
    window, whose histograms are then all alike; near 1 they are larger, and the window sees their texture.

    Parameters
    ----------
    grey : ndarray of float32, shape (h, w)
        Grey levels without noise.
    sigma : float
        Standard deviation of the window in pixels.
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all.

    Returns
    -------
    float
        From 0 to about 1; 1 where `grey` is constant.

    References
    ----------
    G. Matheron, "Random Sets and Integral Geometry", Wiley 1975, section 7.2: sizes as what a sieve retains; here the
    sieve is linear.

    Examples
    --------
    >>> fine, coarse = (np.tile(np.repeat(np.float32([0, 1]), n), (64, 32 // n)) for n in (1, 32))
    >>> coarseness(fine, 4.0) < 0.01, coarseness(coarse, 4.0) > 0.7
    (True, True)
    """
    return coarseness_of([grey], sigma, valid)


def coarseness_of(planes: Sequence[NDArray[np.float32]], sigma: float, valid: NDArray[np.bool_] | None = None) -> float:
    """Return the `coarseness` of several planes together: variances are added."""
    variance = sum(float(taken(plane, valid).var(dtype=np.float64)) for plane in planes)
    blurred = (cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) for plane in planes)
    left = sum(float(taken(np.asarray(plane, np.float32), valid).var(dtype=np.float64)) for plane in blurred)
    return left / variance if variance > 0 else 1.0


def window_weight(coarse: float) -> float:
    """Return what windowed features are multiplied by beside the pixel's own: four times the coarseness, 0.25 to 1.

    Parameters
    ----------
    coarse : float
        See `coarseness`.

    Returns
    -------
    float

    Examples
    --------
    >>> window_weight(0.1), window_weight(0.01), window_weight(0.9)
    (0.4, 0.25, 1.0)
    """
    return min(max(WEIGHT_PER_COARSENESS * coarse, LEAST_WEIGHT), MOST_WEIGHT)
