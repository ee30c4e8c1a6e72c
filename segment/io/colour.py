"""Whether the colours of a picture say more than its grey levels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Colours are looked at in a picture of about so many pixels on its shorter side, blurred by so many: camera noise and
# the blocks of a JPEG are finer.
SIDE, BLUR, FINE = 200, 1.5, 800
# A colour that follows the lightness is no information: a tint, a palette that rises with it. It changes by so much at
# most for each of 100 levels of lightness, and is a straight line over so many.
STEEPEST, NEAR, LIGHTEST = 3.0, 5.0, 100
FEWEST = 24
# In CIELAB units, how far a drawn mark is from a tint.
STRAY = 25.0
# What is left must span so much in CIELAB units, of the noise, and of the span of the lightness.
LEAST, NOISES, OF_LIGHTNESS = 6.0, 10.0, 0.1
SPAN = (0.01, 0.99)
# Standard deviation of white noise over its median absolute difference of neighbours, and what `BLUR` leaves of it.
PER_DIFFERENCE, LEFT = 1.4826 / np.sqrt(2), 1 / (2 * np.sqrt(np.pi) * BLUR)


def has_colour(rgb: NDArray[np.float32], valid: NDArray[np.bool_] | None = None) -> bool:
    """Return whether the colours of a picture differ, at one lightness, by more than their noise.

    Parameters
    ----------
    rgb : ndarray of float32, shape (h, w, 3)
        In [0, 1].
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all.

    Returns
    -------
    bool

    Notes
    -----
    In CIELAB, what follows the lightness is subtracted from a* and b*, so that noise is left of an evenly tinted
    picture. Of what is left of the reduced and blurred picture, 98 % must span 6 units, ten times its noise and a tenth
    of the lightness, on one axis. Colours of less than a percent of the area, as of drawn marks, do not count.

    Examples
    --------
    >>> grey = np.random.default_rng(0).random((64, 64, 1), np.float32).repeat(3, axis=2)
    >>> blue = grey.copy()
    >>> blue[:, 32:] *= np.float32([0.6, 0.8, 1.0])
    >>> has_colour(grey), has_colour(grey * np.float32([1.0, 0.9, 0.7])), has_colour(blue)
    (False, False, True)
    """
    lab = _to_lab(_reduced(rgb, FINE))
    # A smooth function of the lightness is one of each pixel, and not of a mean of several.
    by_pixel = np.stack(
        [lab[..., 0], *(_unexplained(lab[..., 0], plane) for plane in (lab[..., 1], lab[..., 2]))], axis=-1
    )
    small = _reduced(lab, SIDE)
    counts = np.ones(small.shape[:2], bool)
    if valid is not None:
        counts = cv2.resize(valid.astype(np.float32), small.shape[1::-1], interpolation=cv2.INTER_AREA) > 0.99
    if counts.sum() < FEWEST:
        counts = np.ones(small.shape[:2], bool)
    light = _blurred(small[..., 0])[counts]
    low, high = np.quantile(light, SPAN)
    for plane, left in zip((1, 2), (by_pixel[..., 1], by_pixel[..., 2]), strict=True):
        noise = PER_DIFFERENCE * LEFT * _difference(small[..., plane])
        seen, kept = _blurred(small[..., plane])[counts], _blurred(_reduced(left, SIDE))[counts]
        spans = [np.ptp(np.quantile(one, SPAN)) for one in (_unexplained(light, seen), kept)]
        if min(spans) > max(LEAST, NOISES * noise, OF_LIGHTNESS * (high - low)):
            return True
    return False


def _reduced(picture: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    height, width = picture.shape[:2]
    shrink = max(1.0, min(height, width) / side)
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _blurred(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), BLUR), np.float32)


def _to_lab(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(np.clip(rgb, 0, 1)), cv2.COLOR_RGB2Lab), np.float32)


def _difference(plane: NDArray[np.float32]) -> float:
    return float(np.median(np.abs(np.diff(plane, axis=1)))) if plane.shape[1] > 1 else 0.0


def _unexplained(light: NDArray[np.float32], plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what a smooth function of the lightness leaves of a colour: of each pixel, by straight lines nearby."""
    at = np.clip(np.rint(light), 0, LIGHTEST).astype(np.intp).ravel()
    levels = np.arange(LIGHTEST + 1)
    counts, sums = (
        np.bincount(at, weights=of, minlength=LIGHTEST + 1) for of in (None, plane.ravel().astype(np.float64))
    )
    near = np.exp(-0.5 * ((levels[:, None] - levels) / NEAR) ** 2)
    weight = np.maximum(near @ counts, np.finfo(float).tiny)
    mean, middle = near @ sums / weight, near @ (counts * levels) / weight
    spread = near @ (counts * levels**2) / weight - middle**2
    shared = near @ (sums * levels) / weight - middle * mean
    slope = np.clip(shared / np.maximum(spread, 1e-9), -STEEPEST, STEEPEST)
    explained = mean[at] + slope[at] * (light.ravel() - middle[at])
    return np.asarray(plane - explained.reshape(plane.shape), np.float32)


def stray_colour(rgb: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Return the pixels whose colour is far from that of the others of their lightness; None where there are none.

    Parameters
    ----------
    rgb : ndarray of float32, shape (h, w, 3)
        In [0, 1].
    """
    lab = _to_lab(rgb)
    # What is drawn is of few pixels, and may be the only one of its lightness: there the tint is the median.
    left = np.hypot(*(lab[..., plane] - np.median(lab[::4, ::4, plane]) for plane in (1, 2)))
    unexplained = np.hypot(*(_unexplained(lab[..., 0], lab[..., plane]) for plane in (1, 2)))
    stray = (left > STRAY) & ((unexplained > STRAY) | (left > 2 * STRAY))
    return stray if stray.any() else None


def to_chroma(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return CIELAB a* and b* of colours in [0, 1], divided by 100; (h, w, 3) becomes (2, h, w).

    Examples
    --------
    >>> to_chroma(np.float32([[[1, 1, 1], [0, 0, 1]]])).round(2)[:, 0]
    array([[ 0.  ,  0.79],
           [ 0.  , -1.08]], dtype=float32)
    """
    lab = cv2.cvtColor(np.ascontiguousarray(rgb, np.float32), cv2.COLOR_RGB2Lab)
    return np.ascontiguousarray(np.moveaxis(lab[..., 1:], -1, 0) / np.float32(100))
