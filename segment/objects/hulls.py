"""Convex hulls of objects: Feret diameters and hull areas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull


def measure_hulls(
    members: NDArray[np.intp], y: NDArray[np.intp], x: NDArray[np.intp], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Measure the convex hull of each object's pixels, taken as squares.

    Parameters
    ----------
    members : ndarray of int, shape (n_pixels,)
        Object of each pixel, 0 to n - 1, each with at least one pixel.
    y, x : ndarray of int, shape (n_pixels,)
        Row and column of each pixel, in order of rows, then columns.
    n : int
        Number of objects.

    Returns
    -------
    largest, smallest : ndarray of float64, shape (n,)
        Feret diameters in pixels.
    area : ndarray of float64, shape (n,)
        Of the hull, in pixels.
    """
    owners, corners = row_corners(members, y, x)
    starts = np.searchsorted(owners, np.arange(n + 1))
    largest, smallest, area = np.empty(n), np.empty(n), np.empty(n)
    for index in range(n):
        hull = hull_of(corners[starts[index] : starts[index + 1]])
        largest[index], smallest[index], area[index] = *feret_diameters(hull), shoelace(hull)
    return largest, smallest, area


def row_corners(
    members: NDArray[np.intp], y: NDArray[np.intp], x: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the outermost pixel corners (x, y) of each row of each object, and whose they are, in order of object."""
    order = np.lexsort((x, y, members))
    owner, row, column = members[order], y[order], x[order]
    is_new = np.ones(len(owner), dtype=bool)
    is_new[1:] = (owner[1:] != owner[:-1]) | (row[1:] != row[:-1])
    first = np.flatnonzero(is_new)
    last = np.append(first[1:], len(owner))[: len(first)] - 1
    left, right, top = column[first], column[last] + 1, row[first]
    corners = np.stack([left, top, right, top, right, top + 1, left, top + 1], axis=1).reshape(-1, 2)
    return np.repeat(owner[first], 4), corners.astype(np.float64)


def hull_of(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the corners of the convex hull of points (x, y), in order around it."""
    return points[ConvexHull(points).vertices]


def shoelace(ring: NDArray[np.float64]) -> float:
    """Return the signed area within a ring of corners (x, y); the last may or may not repeat the first."""
    x, y = (ring - ring[0]).T
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2)


def feret_diameters(hull: NDArray[np.float64]) -> tuple[float, float]:
    """Return the largest and the smallest distance of parallel tangents to a convex ring."""
    apart = hull[:, None] - hull[None]
    largest = np.sqrt((apart**2).sum(axis=-1).max())
    side = np.roll(hull, -1, axis=0) - hull
    normal = np.stack([-side[:, 1], side[:, 0]], axis=1) / np.hypot(*side.T)[:, None]
    # The smallest width of a convex polygon is across one of its sides.
    smallest = np.ptp(hull @ normal.T, axis=0).min()
    return float(largest), float(smallest)
