"""The spatial anomaly of MLography, for comparison with figures made by it: in the main a ranking by size."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

NEIGHBOUR = 50
POWER = 4
# There closer, touching or overlapping boxes are this far apart.
LEAST = 1e-5
DEVIATIONS = 2
# Specks of fewer pixels are no objects in the figures it published.
SMALLEST_PX = 10


def find_mlography_objects(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
    """Find the objects of a scan as MLography does: gaps of a pixel closed, corners connect, specks dropped.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
        True on objects.

    Returns
    -------
    labels : ndarray of int32, shape (h, w)
        Ids from 1, 0 elsewhere.
    centroids : ndarray of float64, shape (n, 2)
        Row and column of each.
    boxes : ndarray of int64, shape (n, 5)
        Top, left, height, width and area of each, in pixels.

    Examples
    --------
    >>> mask = np.zeros((20, 20), bool)
    >>> mask[5:9, 5:9] = True
    >>> find_mlography_objects(mask)[2].tolist()
    [[5, 5, 4, 4, 16]]
    """
    closed = cv2.morphologyEx(np.asarray(mask, dtype=np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels, stats, centroids = cv2.connectedComponentsWithStats(closed, connectivity=8)
    is_object = stats[:, cv2.CC_STAT_AREA] >= SMALLEST_PX
    is_object[0] = False
    numbers = np.where(is_object, np.cumsum(is_object), 0).astype(np.int32)
    kept = stats[is_object]
    boxes = kept[:, [cv2.CC_STAT_TOP, cv2.CC_STAT_LEFT, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH, cv2.CC_STAT_AREA]]
    return (
        numbers[np.asarray(labels, dtype=np.int64)],
        centroids[is_object][:, ::-1].astype(np.float64),
        boxes.astype(np.int64),
    )


def box_objects(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the boxes around the objects of a label image, as `find_mlography_objects` returns them.

    Parameters
    ----------
    labels : ndarray of int, shape (h, w)
        Ids from 1, none left out; 0 elsewhere.

    Returns
    -------
    ndarray of int64, shape (n, 5)
        Top, left, height, width and area of each, in pixels.

    Examples
    --------
    >>> box_objects(np.array([[0, 1, 1], [0, 0, 1]])).tolist()
    [[0, 1, 2, 2, 3]]
    """
    areas = np.bincount(np.asarray(labels).ravel())[1:]
    boxes = [
        (rows.start, columns.start, rows.stop - rows.start, columns.stop - columns.start)
        for rows, columns in ndimage.find_objects(np.asarray(labels))
    ]
    return np.column_stack([np.array(boxes, dtype=np.int64).reshape(-1, 4), areas])


def score_like_mlography(boxes: NDArray[np.int64], *, neighbour: int = NEIGHBOUR) -> NDArray[np.float64]:
    """Score objects by MLography's weighted distance to the 50th neighbour.

    Parameters
    ----------
    boxes : ndarray of int64, shape (n, 5)
        As `find_mlography_objects` returns them.
    neighbour : int, default 50
        Which neighbour, counted from 1; the last one where there are fewer.

    Returns
    -------
    ndarray of float64, shape (n,)
        0 to 1 within this image only; zeros for fewer than two objects.

    Notes
    -----
    With d the 50th smallest of ``(a_i / a_j)^4 box_distance(i, j)``: ``log(a_i d^2)``, moved to 0 ... 1, less two
    standard deviations, cut at 0 and moved to 0 ... 1 again. With the fourth power of areas it orders objects by their
    size (rank correlation .99): where isolation is asked for, take `score_positions`.

    References
    ----------
    MLography, https://github.com/Scientific-Computing-Lab/MLography, spatial_anomaly.py.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 4, 4, 16], [0, 20, 4, 4, 16], [30, 30, 9, 9, 81]])
    >>> int(score_like_mlography(boxes, neighbour=1).argmax())
    2
    """
    n = len(boxes)
    if n < 2:
        return np.zeros(n)
    top, left, height, width, area = np.asarray(boxes, dtype=np.float64).T
    # Boxes one pixel wider on each side than the object.
    rows = _gaps(top - 1, top + height)
    columns = _gaps(left - 1, left + width)
    gaps = np.maximum(np.sqrt(rows * rows + columns * columns), LEAST)
    # Divided by the largest area, the powers stay in range.
    power = (area / area.max()) ** POWER
    distance = gaps * power[:, None] / power
    np.fill_diagonal(distance, np.inf)
    at = min(neighbour, n - 1) - 1
    reach = np.partition(distance, at, axis=1)[:, at]
    score = _to_unit(np.log(np.maximum(area * reach**2, LEAST)))
    return _to_unit(np.maximum(score - DEVIATIONS * score.std(), LEAST))


def _gaps(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(0, np.maximum(low[None] - high[:, None], low[:, None] - high[None]))


def _to_unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = float(np.ptp(values))
    return (values - values.min()) / spread if spread else np.zeros_like(values)
