"""A few strokes on one micrograph, as a user would paint them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.labelled import UNANNOTATED

PER_CLASS = 3
LENGTH = 40
WIDTH = 3
TURN = 0.25


def paint_strokes(truth: NDArray[np.uint8], seed: int, per_class: int = PER_CLASS) -> NDArray[np.uint8]:
    """Paint strokes of each class, 40 steps long and 3 pixels wide, that turn at random and keep to the class.

    Parameters
    ----------
    truth : ndarray of uint8, shape (h, w)
        Classes; 255 where not annotated.
    seed : int
    per_class : int, default 3

    Returns
    -------
    ndarray of uint8, shape (h, w)
        The class where a stroke lies, 255 elsewhere.

    Notes
    -----
    Strokes begin away from boundaries: a pixel is drawn in proportion to its distance from the nearest.
    """
    rng = np.random.default_rng(seed)
    painted = np.full(truth.shape, UNANNOTATED, dtype=np.uint8)
    for class_id in np.unique(truth[truth != UNANNOTATED]):
        is_class = truth == class_id
        depth = cv2.distanceTransform(is_class.astype(np.uint8), cv2.DIST_L2, 3)
        rows, columns = np.nonzero(is_class)
        chance = depth[rows, columns] / depth[rows, columns].sum(dtype=np.float64)
        for start in rng.choice(len(rows), per_class, p=chance / chance.sum()):
            path = np.zeros(truth.shape, dtype=np.uint8)
            place, angle = np.array([rows[start], columns[start]], dtype=float), rng.uniform(0, 2 * np.pi)
            path[rows[start], columns[start]] = 1
            for _ in range(LENGTH):
                angle += rng.normal(scale=TURN)
                ahead = place + [np.sin(angle), np.cos(angle)]
                row, column = ahead.round().astype(int)
                if 0 <= row < truth.shape[0] and 0 <= column < truth.shape[1] and is_class[row, column]:
                    place = ahead
                    path[row, column] = 1
                else:
                    angle += np.pi * rng.uniform(0.5, 1.5)
            wide = cv2.dilate(path, np.ones((WIDTH, WIDTH), dtype=np.uint8))
            painted[(wide > 0) & is_class] = class_id
    return painted
