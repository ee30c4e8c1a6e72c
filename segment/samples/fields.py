"""Random fields that microstructures are drawn from."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def smooth_noise(shape: tuple[int, int], period: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw a smooth random field with features of about `period` pixels, mean about 0, deviation about 1."""
    rows, columns = (int(np.ceil(side / period)) + 3 for side in shape)
    coarse = rng.standard_normal((rows, columns), dtype=np.float32)
    # Cut from the middle, so that the mirrored border of the interpolation stays outside; 1.6 undoes its averaging.
    scale = np.float32(1 / period)
    x, y = np.meshgrid(
        np.arange(shape[1], dtype=np.float32) * scale + 1, np.arange(shape[0], dtype=np.float32) * scale + 1
    )
    return cv2.remap(coarse, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101) * np.float32(1.6)


def jittered_points(
    shape: tuple[int, int], spacing: float, jitter: float, rng: np.random.Generator, angle: float = 0.0
) -> NDArray[np.float32]:
    """Place points on a square lattice turned by `angle`, each moved by up to `jitter` spacings; (n, 2) as x, y."""
    reach = float(np.hypot(*shape)) / 2 + 2 * spacing
    steps = np.arange(-reach, reach, spacing, dtype=np.float32)
    u, v = (axis.ravel() for axis in np.meshgrid(steps, steps))
    u, v = (axis + rng.uniform(-jitter, jitter, axis.size) * spacing for axis in (u, v))
    x = u * np.cos(angle) - v * np.sin(angle) + shape[1] / 2
    y = u * np.sin(angle) + v * np.cos(angle) + shape[0] / 2
    inside = (x > -spacing) & (x < shape[1] + spacing) & (y > -spacing) & (y < shape[0] + spacing)
    return np.stack([x[inside], y[inside]], axis=1).astype(np.float32)


def nearest_point(
    shape: tuple[int, int], points: NDArray[np.float32], warp: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Find each pixel's nearest point, in space bent by up to about `warp` pixels so that cells get curved borders.

    Returns
    -------
    index : ndarray of int64, shape `shape`
        Row in `points`.
    x, y : ndarray of float32, shape `shape`
        Offset of the pixel from that point, in the bent space.
    """
    margin = int(max(0.0, -float(points.min()), *(points.max(axis=0) - (shape[1], shape[0])))) + 2
    sites = np.full((shape[0] + 2 * margin, shape[1] + 2 * margin), 255, np.uint8)
    at = np.rint(points).astype(int) + margin
    sites[at[:, 1], at[:, 0]] = 0
    _, nearest = cv2.distanceTransformWithLabels(sites, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    labels = nearest.astype(np.int64)
    point_of_label = np.zeros(int(labels.max()) + 1, np.int64)
    point_of_label[labels[at[:, 1], at[:, 0]]] = np.arange(len(points))
    x, y = np.meshgrid(np.arange(shape[1], dtype=np.float32), np.arange(shape[0], dtype=np.float32))
    if warp:
        x += np.float32(warp / 2) * smooth_noise(shape, 12.0, rng)
        y += np.float32(warp / 2) * smooth_noise(shape, 12.0, rng)
    columns = np.clip(np.rint(x).astype(int) + margin, 0, sites.shape[1] - 1)
    rows = np.clip(np.rint(y).astype(int) + margin, 0, sites.shape[0] - 1)
    index = point_of_label[labels[rows, columns]]
    return index, x - points[index, 0], y - points[index, 1]


def stripes(angle: NDArray[np.float32], period: float, bend: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw lamellae, -1 to 1, with a direction (radians) given for each pixel, bent by about `bend` pixels."""
    shape = (angle.shape[0], angle.shape[1])
    x, y = np.meshgrid(np.arange(shape[1], dtype=np.float32), np.arange(shape[0], dtype=np.float32))
    along = x * np.cos(angle) + y * np.sin(angle) + np.float32(bend) * smooth_noise(shape, 20.0, rng)
    return np.sin(along * np.float32(2 * np.pi / period))
