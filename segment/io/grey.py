"""Turn pixels of any kind into grey levels between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

CHANNELS = {1: "grey", 2: "grey+alpha", 3: "rgb", 4: "rgba"}


# Floats in [0, 1] that span less than a grey level of 8 bits are lengths or currents, and no grey levels.
LEAST_SPAN = 1 / 256

# Levels beyond the image's 0.1 % and 99.9 % quantiles are cut off where nothing says what black and white are.
TAILS = (0.001, 0.999)


@dataclass(frozen=True)
class Grey:
    """Grey levels, and what they were made of.

    Attributes
    ----------
    image : ndarray of float32, shape (h, w)
        In [0, 1]; 0 where pixels hold no number.
    channels : {"grey", "grey+alpha", "rgb", "rgba"}
        What was given.
    valid : ndarray of bool, shape (h, w), or None
        Which pixels hold a number and are not transparent; None where all do.
    levels : (float, float) or None
        The values that became 0 and 1; None where those of the type did.
    rgb : ndarray of float32, shape (h, w, 3), or None
        Colours in [0, 1]; None where the channels are equal in every pixel.
    """

    image: NDArray[np.float32]
    channels: str
    valid: NDArray[np.bool_] | None = None
    levels: tuple[float, float] | None = None
    rgb: NDArray[np.float32] | None = None


def to_grey(pixels: NDArray[Any], levels: tuple[float, float] | None = None, *, is_stretched: bool = False) -> Grey:
    """Scale pixels to [0, 1] and reduce colours to their luma.

    Parameters
    ----------
    pixels : ndarray of bool, integers or float, shape (h, w), (h, w, 2), (h, w, 3) or (h, w, 4)
        Grey; grey and alpha; RGB; RGB and alpha. uint8 and uint16 are divided by the largest value of their type,
        whatever the image holds. NaN and infinity are excluded, and so are pixels of alpha 0 unless all are.
    levels : (float, float), optional
        The values that become 0 and 1; what lies beyond is cut off.
    is_stretched : bool, default False
        Whether other integers, and floats that leave [0, 1] or span less than 1/256 of it, are scaled from their 0.1 %
        to their 99.9 % quantile. Without it integers and floats beyond [0, 1] are refused.

    Returns
    -------
    Grey
        Y = 0.299 R + 0.587 G + 0.114 B; exactly R where the three are equal. Alpha is dropped, not blended: the stored
        levels are what the detector saw, a backdrop would be invented.

    Raises
    ------
    TypeError
        The type is none of the above.
    ValueError
        The shape is none of the above, floats are outside [0, 1] without `is_stretched`, or no pixel holds a number.

    References
    ----------
    ITU-R BT.601-7, section 2.5.1.

    Examples
    --------
    >>> to_grey(np.uint8([[0, 51, 255]])).image
    array([[0. , 0.2, 1. ]], dtype=float32)
    """
    is_plain = pixels.dtype.kind in "bf" or pixels.dtype in (np.uint8, np.uint16)
    if not (is_plain or ((is_stretched or levels) and pixels.dtype.kind in "iu")):
        raise TypeError(f"pixels must be bool, uint8, uint16 or float in [0, 1], got {pixels.dtype}")
    depth = 1 if pixels.ndim == 2 else pixels.shape[2] if pixels.ndim == 3 else 0
    if depth not in CHANNELS or not pixels.size:
        raise ValueError(f"pixels must have the shape (h, w), (h, w, 2), (h, w, 3) or (h, w, 4), got {pixels.shape}")
    opaque = pixels[..., -1] != 0 if depth in (2, 4) else None
    if depth == 2:
        pixels = pixels[..., 0]
    elif depth > 2:
        red, green, blue = (pixels[..., i] for i in range(3))
        pixels = red if np.array_equal(red, green) and np.array_equal(green, blue) else pixels[..., :3]
    # Programs that do not know alpha leave it 0 everywhere.
    valid: NDArray[np.bool_] | None = opaque if opaque is not None and opaque.any() and not opaque.all() else None
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        finite = np.asarray(np.isfinite(pixels).all(axis=2) if pixels.ndim == 3 else np.isfinite(pixels))
        valid = finite if valid is None else np.asarray(valid & finite)
        pixels = np.where(np.isfinite(pixels), pixels, 0)
    if valid is not None and not valid.any():
        raise ValueError("no pixel holds a number: all are NaN, infinite or transparent")
    scaled, levels = _scaled(pixels, valid, levels, is_stretched or not is_plain)
    rgb = scaled if scaled.ndim == 3 else None
    if rgb is not None:
        scaled = np.minimum(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.float32(1))
    return Grey(scaled, CHANNELS[depth], valid, levels, rgb)


def _scaled(
    pixels: NDArray[Any], valid: NDArray[np.bool_] | None, levels: tuple[float, float] | None, is_stretched: bool
) -> tuple[NDArray[np.float32], tuple[float, float] | None]:
    """Return pixels between 0 and 1, and the values that became these; None for those of the type."""
    kind = pixels.dtype.kind
    if levels is None and kind == "u" and pixels.dtype.itemsize <= 2:
        scaled = pixels.astype(np.float32, order="C")
        scaled /= np.float32(np.iinfo(pixels.dtype).max)
        return scaled, None
    taken = pixels if valid is None else pixels[valid]
    low, high = float(taken.min()), float(taken.max())
    is_narrow = is_stretched and kind == "f" and 0 < high - low < LEAST_SPAN
    if levels is None and kind in "bf" and low >= 0 and high <= 1 and not is_narrow:
        return pixels.astype(np.float32, order="C"), None
    if levels is None and not is_stretched:
        raise ValueError(f"float pixels must lie in [0, 1], got {low:g} to {high:g}: scale them first")
    if levels is None:
        found = np.quantile(taken.astype(np.float64), TAILS)
        levels = (float(found[0]), float(found[1])) if found[1] > found[0] else (low, high)
    span = levels[1] - levels[0]
    if not span > 0:
        return np.zeros(pixels.shape, np.float32), levels
    return np.clip((pixels.astype(np.float64) - levels[0]) / span, 0, 1).astype(np.float32), levels
