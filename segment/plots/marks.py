"""Grey micrographs with boundaries, points and rectangles marked on them, as full-size arrays."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

# Colours of Okabe and Ito that colour-blind readers tell apart: orange, vermilion, blue.
LINE, POINT, BOX = (230, 159, 0), (213, 94, 0), (0, 114, 178)
SMALLEST_MARK = 3


def mark_picture(
    image: NDArray[np.uint8],
    *,
    lines: NDArray[np.bool_] | None = None,
    points: Iterable[tuple[float, float]] = (),
    boxes: Iterable[tuple[float, float, float, float]] = (),
) -> NDArray[np.uint8]:
    """Mark lines, points and numbered rectangles on a grey image.

    Parameters
    ----------
    image : ndarray of uint8, shape (h, w)
    lines : ndarray of bool, shape (h, w), optional
        Pixels that are painted orange.
    points : iterable of (float, float)
        Row and column of circles, vermilion.
    boxes : iterable of (float, float, float, float)
        Left, top, right and bottom of rectangles, blue, numbered from 1.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)

    Examples
    --------
    >>> mark_picture(np.zeros((20, 30), np.uint8), points=[(10, 15)]).shape
    (20, 30, 3)
    """
    picture = np.dstack([image] * 3)
    if lines is not None:
        picture[np.asarray(lines, dtype=bool)] = LINE
    size = max(SMALLEST_MARK, round(min(image.shape) / 100))
    thick = max(1, size // 3)
    for row, column in points:
        cv2.circle(picture, (round(column), round(row)), size, POINT, thick)
    for number, (left, top, right, bottom) in enumerate(boxes, start=1):
        cv2.rectangle(picture, (round(left), round(top)), (round(right) - 1, round(bottom) - 1), BOX, thick)
        at = round(left) + 2 * thick, round(top) + 8 * size
        cv2.putText(picture, str(number), at, cv2.FONT_HERSHEY_SIMPLEX, size / 4, BOX, thick, cv2.LINE_AA)
    return picture
