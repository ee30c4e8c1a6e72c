"""What frames are compared by: their grey levels between two scales, without their edges and burnt-in text."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage
from scipy.signal.windows import tukey

# Finer than the first scale is noise, coarser than the second is uneven light; standard deviations in pixels.
FINE, COARSE = 1.5, 12.0
# Fraction of a frame's sides over which it fades out, so that its edges do not match. Less keeps more of the specimen.
TAPER = 0.5


def band_pass(frame: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the difference of two Gaussian blurs of a frame; same shape, float32."""
    grey = np.ascontiguousarray(frame, dtype=np.float32)
    fine, coarse = (cv2.GaussianBlur(grey, (0, 0), scale, borderType=cv2.BORDER_REPLICATE) for scale in (FINE, COARSE))
    return np.asarray(fine - coarse, dtype=np.float32)


def spectrum(frame: NDArray[np.float32], hidden: NDArray[np.bool_] | None = None) -> NDArray[np.complex64]:
    """Return the Fourier transform of the band-passed, tapered frame, padded to a quick size.

    Parameters
    ----------
    frame : ndarray of float32, shape (h, w)
    hidden : ndarray of bool, shape (h, w), optional
        Pixels that are no part of the specimen.

    Returns
    -------
    ndarray of complex64
    """
    between = band_pass(frame if hidden is None else _filled(frame, hidden))
    if hidden is not None:
        between = np.where(hidden, np.float32(0), between)
    height, width = frame.shape
    window = np.outer(tukey(height, TAPER), tukey(width, TAPER)).astype(np.float32)
    faded = (between - between.mean()) * window
    padded = (fft.next_fast_len(height, real=True), fft.next_fast_len(width, real=True))
    return np.asarray(fft.rfft2(faded, padded))


def _filled(frame: NDArray[np.float32], hidden: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the frame with hidden pixels at the level of what is seen around them."""
    seen = (~hidden).astype(np.float32)
    level = cv2.GaussianBlur(frame * seen, (0, 0), COARSE, borderType=cv2.BORDER_REPLICATE)
    fraction = cv2.GaussianBlur(seen, (0, 0), COARSE, borderType=cv2.BORDER_REPLICATE)
    return np.where(hidden, level / np.maximum(fraction, np.float32(1e-6)), frame).astype(np.float32)


def correlate(
    one: NDArray[np.complex64], other: NDArray[np.complex64], shape: tuple[int, int]
) -> tuple[NDArray[np.float64], float]:
    """Return the shift (dy, dx) from one frame to another in pixels, and the height of its peak, 1 for equal frames.

    Parameters
    ----------
    one, other : ndarray of complex64
        As `spectrum` returns them.
    shape : (int, int)
        Of the frames.

    Returns
    -------
    shift : ndarray of float64, shape (2,)
    height : float
        Correlation coefficient at the peak; about 0 for frames that have nothing in common.
    """
    padded = tuple(fft.next_fast_len(length, real=True) for length in shape)
    surface = fft.irfft2(other * np.conj(one), padded)
    place = np.array(np.unravel_index(int(np.argmax(surface)), surface.shape))
    around = np.arange(-2, 3)
    patch = surface[np.ix_((place[0] + around) % padded[0], (place[1] + around) % padded[1])].astype(np.float64)
    offset = _vertex(patch)
    size = np.array(padded)
    shift = (place + offset + size / 2) % size - size / 2
    power = np.sqrt(_power(one, padded) * _power(other, padded))
    return shift, float(patch[2, 2] / power) if power > 0 else 0.0


def _power(values: NDArray[np.complex64], padded: tuple[int, ...]) -> float:
    """Return the sum of squares of the frame whose half spectrum is given."""
    square = np.abs(values.astype(np.complex128)) ** 2
    both = 2 * square.sum() - square[:, 0].sum() - (square[:, -1].sum() if padded[1] % 2 == 0 else 0.0)
    return float(both / (padded[0] * padded[1]))


# Least squares of a quadratic over 5 x 5 pixels, weighted towards the middle.
_Y, _X = (grid.ravel() for grid in np.mgrid[-2:3, -2:3].astype(np.float64))
_WEIGHT = np.exp(-(_Y**2 + _X**2) / 4)
_FIT = np.linalg.pinv(np.stack([np.ones(25), _Y, _X, _Y**2, _X**2, _Y * _X], axis=1) * _WEIGHT[:, None])


def _vertex(patch: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where a quadratic through 5 x 5 values has its maximum, from their middle."""
    _, gy, gx, hyy, hxx, hyx = _FIT @ (patch.ravel() * _WEIGHT)
    determinant = 4 * hyy * hxx - hyx**2
    if hyy >= 0 or determinant <= 0:
        return np.zeros(2)
    vertex = np.array([hyx * gx - 2 * hxx * gy, hyx * gy - 2 * hyy * gx]) / determinant
    return vertex if np.abs(vertex).max() <= 1.5 else np.zeros(2)


def period_of(values: NDArray[np.complex64], shape: tuple[int, int], *, least: float = 0.7) -> float | None:
    """Return the distance after which a frame repeats itself, None where it does not.

    The frame's autocorrelation has a second peak of at least `least` of the first, beyond the first's own.
    """
    padded = tuple(fft.next_fast_len(length, real=True) for length in shape)
    surface = fft.fftshift(fft.irfft2(values * np.conj(values), padded))
    middle = np.array(surface.shape) // 2
    first = surface[tuple(middle)]
    if first <= 0:
        return None
    y, x = np.ogrid[: surface.shape[0], : surface.shape[1]]
    distance = np.hypot(y - middle[0], x - middle[1])
    # Overlap shrinks with distance: compare with what a perfect repeat would have, up to half the frame.
    overlap = (1 - np.abs(y - middle[0]) / padded[0]) * (1 - np.abs(x - middle[1]) / padded[1])
    foot = ndimage.label(surface > first * least / 2)[0]
    outside = (foot != foot[tuple(middle)]) & (distance < min(shape) / 2)
    relative = np.where(outside, surface / (first * overlap), 0)
    best = np.flatnonzero((relative >= least) & (surface == ndimage.maximum_filter(surface, 3)))
    return float(distance.ravel()[best].min()) if len(best) else None
