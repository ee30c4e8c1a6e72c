"""A frame averaged with its neighbours, laid over it: less noise, no drift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segment.records import GreyImage, Series, Shifts, valid_of


def averaged(series: Series, shifts: Shifts, index: int, window: int) -> NDArray[np.float32]:
    """Return the mean of a frame and its good neighbours, moved so that the specimen lies as in the frame.

    Parameters
    ----------
    series : Series
    shifts : Shifts
    index : int
        The frame.
    window : int
        Frames on either side.

    Returns
    -------
    ndarray of float32, shape (h, w)
        At each pixel the mean of those frames that show it; a `segment.records.GreyImage` where the frame is one.
    """
    frame = series.read(index)
    valid = valid_of(frame)
    total, count = np.asarray(frame).astype(np.float32), np.ones(frame.shape, dtype=np.float32)
    for other in range(max(index - window, 0), min(index + window + 1, len(series))):
        if other == index or not shifts.is_good[other]:
            continue
        beside = series.read(other)
        counted = valid_of(beside)
        beside = np.asarray(beside) if counted is None else np.where(counted, beside, np.float32(np.nan))
        moved = ndimage.shift(beside, shifts.path[index] - shifts.path[other], order=1, cval=np.nan)
        shown = np.isfinite(moved)
        total += np.where(shown, moved, 0)
        count += shown
    return total / count if valid is None else GreyImage(total / count, valid=valid)
