"""Tell the lettering of an information band from the particles of a phase."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

# How far ink is from what it is written on: of the range of the band, of that of the picture, and of the band's noise.
CONTRAST, VISIBLE, NOISES = 0.3, 0.15, 8.0
# Letters stand on a line: so many together, that fraction of all, and so many times as many as would by chance.
ALIGNED, SHARE, BEYOND_CHANCE = 4, 0.4, 3.0
# A bar or a block fills its rectangle, of so many pixels at least.
FILLED, BLOCK = 0.97, 12


class Marks(NamedTuple):
    """Connected pieces of ink.

    Attributes
    ----------
    left, top, width, height, area : ndarray of int, shape (n,)
        Rectangle of each piece in pixels of the band, and its pixels.
    """

    left: NDArray[np.int32]
    top: NDArray[np.int32]
    width: NDArray[np.int32]
    height: NDArray[np.int32]
    area: NDArray[np.int32]


def find_ink(band: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return what differs from the median of its row by 0.3 of the band's range, and by more than noise does.

    Parameters
    ----------
    band : ndarray of float32, shape (h, w)
        Grey levels, in units of the range of the whole picture.
    """
    away = np.abs(band - np.median(band, axis=1, keepdims=True))
    noise = float(np.median(np.abs(np.diff(band, axis=1))))
    return away > max(CONTRAST * float(band.max() - band.min()), VISIBLE, NOISES * noise)


def find_marks(ink: NDArray[np.bool_]) -> Marks:
    """Return the connected pieces of ink, 8 neighbours a pixel."""
    stats = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)[2][1:]
    return Marks(*stats[:, :5].T)


def is_lettered(band: NDArray[np.float32]) -> bool:
    """Return whether rows hold letters that stand on a line, or a bar.

    Parameters
    ----------
    band : ndarray of float32, shape (h, w)
        Grey levels, in units of the range of the whole picture.

    Examples
    --------
    >>> band = np.zeros((40, 300), np.float32)
    >>> written = cv2.putText(band.copy(), "15 kV  2 um", (9, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (1.0,), 2)
    >>> is_lettered(np.asarray(written, np.float32)), is_lettered(band)
    (True, False)
    """
    marks = find_marks(find_ink(band))
    rows, columns = band.shape
    # Ringing and dust are smaller than letters; frames and boxes are wider; a ragged boundary touches the first row.
    is_mark = (marks.height >= max(2, rows / 16)) & (marks.height <= 0.8 * rows) & (marks.area >= 4)
    is_mark &= (marks.width < 0.95 * columns) & (marks.top > 0)
    if np.any(is_mark & (marks.area >= np.maximum(FILLED * marks.width * marks.height, BLOCK))):
        return True
    feet = (marks.top + marks.height)[is_mark]
    reach = max(1, rows // 60)
    standing = (np.abs(feet[:, None] - feet[None]) <= reach).sum(axis=1)
    by_chance = 1 + len(feet) * (2 * reach + 1) / rows
    is_standing = standing >= max(ALIGNED, BEYOND_CHANCE * by_chance)
    return bool(is_standing.sum() >= max(ALIGNED, SHARE * len(feet)))
