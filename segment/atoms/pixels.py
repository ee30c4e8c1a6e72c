"""The pixels of an image of columns, checked: which count, and which have no value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import label

from segment.io.exclude import fill

# Fewer pixels a side cannot hold a few columns.
LEAST_SIDE = 24
# So many touching pixels of the largest value are no chance: the detector was full.
SATURATED = 6


@dataclass(frozen=True)
class Pixels:
    """Grey levels with bright columns, and which of them count.

    Attributes
    ----------
    values : ndarray of float64, shape (h, w)
        Finite; where there was no value, the mirrored one of a pixel that has one, see `segment.io.exclude.fill`.
    weight : ndarray of float64, shape (h, w)
        1, or 0 for pixels without a value and saturated ones.
    is_known : ndarray of bool, shape (h, w)
        Which pixels have a value.
    is_dark : bool
        The sign was changed.
    n_missing, n_saturated : int
    """

    values: NDArray[np.float64]
    weight: NDArray[np.float64]
    is_known: NDArray[np.bool_]
    is_dark: bool
    n_missing: int
    n_saturated: int


def check_pixels(image: ArrayLike, *, is_dark: bool = False) -> Pixels:
    """Return the pixels of one grey image; a stack, a small or an empty one raises a ValueError that says so."""
    values = np.asarray(image)
    if values.ndim != 2:
        raise ValueError(
            f"image must be one grey image of shape (h, w), got the shape {values.shape}: of a stack or a colour "
            "image, give one plane"
        )
    if values.dtype.kind not in "buif":
        raise ValueError(f"image must hold real numbers, got {values.dtype}")
    if min(values.shape) < LEAST_SIDE:
        raise ValueError(f"image must have at least {LEAST_SIDE} pixels a side, got {values.shape}")
    values = values.astype(np.float64)
    is_known = np.isfinite(values)
    if not is_known.any():
        raise ValueError(f"image has a value in 0 of {values.size} pixels")
    box = bound(is_known)
    inside = is_known[box]
    if min(inside.shape) < LEAST_SIDE or inside.sum() < inside.size / 2:
        raise ValueError(
            f"image has a value in {inside.sum()} of the {inside.shape[1]} x {inside.shape[0]} pixels around them: at "
            f"least {LEAST_SIDE} a side and half of them are needed"
        )
    if values[is_known].min() == values[is_known].max():
        raise ValueError(f"image is {values[is_known].min():g} everywhere")
    full = _saturated(values, is_known)
    counts = is_known & ~full
    if not is_known.all():
        values = fill(values, is_known)
    if is_dark:
        values = values[counts].max() - values
    return Pixels(values, counts.astype(np.float64), is_known, is_dark, int((~is_known).sum()), int(full.sum()))


def bound(is_known: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the rows and columns of the smallest rectangle that holds every pixel with a value."""
    rows, columns = (np.flatnonzero(is_known.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _saturated(values: NDArray[np.float64], is_known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which pixels have the largest value and touch others that do: counts do not agree so."""
    highest = is_known & (values == values[is_known].max())
    groups, _ = label(highest)
    size = np.bincount(groups.ravel())
    size[0] = 0
    return size[groups] >= SATURATED
