"""Find the information band at the foot of a micrograph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segment.io.image_file import ImageFile
from segment.io.vendors import read_band_top
from segment.records import Band

TOLERANCE = 12 / 255
MAX_SHARE = 0.25
MIN_ROWS = 10
FRAME_ROWS = 4


def find_band(image: NDArray[np.float32], file: ImageFile | None = None) -> Band:
    """Say where the information band begins: what the metadata say, else what the pixels show.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Grey levels in [0, 1], the band included.
    file : ImageFile or None, default None
        Where the image came from.

    Returns
    -------
    Band
        Without a top where there is no band.

    Notes
    -----
    A band in the pixels is a run of rows at the foot, at least 10 rows and at most a quarter of the height, whose
    background is one constant level (to 12/255, which covers JPEG's ringing) under any lettering, that begins with a
    straight edge over the full width. Frame lines around it belong to it; up to 1 % of the height may follow below it.
    O(h w) on the bottom quarter.

    Examples
    --------
    >>> image = np.random.default_rng(0).random((100, 80), np.float32)
    >>> find_band(image)
    Band(top=None, source='none')
    >>> image[80:] = 0
    >>> find_band(image)
    Band(top=80, source='detected')
    """
    height = image.shape[0]
    recorded = read_band_top(file) if file is not None else None
    if recorded is not None:
        return Band(recorded, "metadata") if recorded < height else Band()
    top = _detect(image)
    return Band() if top is None else Band(top, "detected")


def _detect(image: NDArray[np.float32]) -> int | None:
    height = image.shape[0]
    start = height - int(MAX_SHARE * height) - 5
    if start < 1:
        return None
    foot = image[start:]
    medians = np.median(foot, axis=1)
    flatness = np.mean(np.abs(foot - medians[:, None]) <= TOLERANCE, axis=1)
    flat = flatness >= 0.9
    last = _last_row(flat, max(3, height // 100))
    if last is None:
        return None
    lowest = slice(max(0, last - max(MIN_ROWS, height // 40)), last + 1)
    level = np.median(medians[lowest][flat[lowest]])
    filled = np.mean(np.abs(foot - level) <= TOLERANCE, axis=1)
    top = _first_row(filled, flat, medians, last)
    rows = last + 1 - top
    if top == 0 or not MIN_ROWS <= rows <= MAX_SHARE * height:
        return None
    return start + top if _has_straight_edge(foot, top) else None


def _last_row(flat: NDArray[np.bool_], slack: int) -> int | None:
    """Find the lowest constant row, which may lie a few rows above the foot; None without one."""
    below = np.flatnonzero(flat[-1 - slack :])
    return None if not below.size else len(flat) - min(len(flat), 1 + slack) + int(below[-1])


def _first_row(filled: NDArray[np.float64], flat: NDArray[np.bool_], medians: NDArray[np.float32], last: int) -> int:
    """Walk up from `last` over rows of the band's level and over lines of another, at most four in a row."""
    top, strangers = last, 0
    for row in range(last, -1, -1):
        if filled[row] >= 0.5:
            top, strangers = row, 0
        elif flat[row] and strangers < FRAME_ROWS:
            strangers += 1
        else:
            break
    same = flat & (np.abs(medians - medians[top - 1]) <= TOLERANCE)
    frame = 0
    while frame < top and same[top - 1 - frame]:
        frame += 1
    # More rows than a frame has are an even micrograph above a band without a frame.
    return top - frame if frame <= FRAME_ROWS else top


def _has_straight_edge(foot: NDArray[np.float32], top: int) -> bool:
    """Say whether at least half the columns change their level between the row above `top` and the row at `top`.

    An even phase at the foot of a micrograph ends in a ragged boundary: each of its rows differs little from the next.
    """
    return float(np.mean(np.abs(foot[top] - foot[top - 1]) > TOLERANCE)) >= 0.5
