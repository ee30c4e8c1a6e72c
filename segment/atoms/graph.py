"""Columns joined to their neighbours: Delaunay, Gabriel and nearest-neighbour graphs."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import Delaunay, QhullError, cKDTree

from segment.records import Neighbours

GraphKind = Literal["delaunay", "gabriel", "nearest"]
# Points on one circle, of which no triangulation is better than another, are so close to it, in parts of its radius.
ON_CIRCLE = 1e-6
# Longer edges, in parts of the median one, lead along the hull or across holes and join no neighbours.
LONGEST = 2.2


def join_neighbours(positions: ArrayLike, kind: GraphKind = "delaunay", *, k: int = 4) -> Neighbours:
    """Join points to their neighbours.

    Parameters
    ----------
    positions : array-like of float, shape (n, 2)
        (y, x) of each point.
    kind : {"delaunay", "gabriel", "nearest"}, default "delaunay"
        "delaunay": points whose Voronoi cells share an edge, so that of four points on one circle the diagonals are
        none. "gabriel": points with no other one in or on the circle over the line between them. "nearest": each point
        and its `k` nearest ones.
    k : int, default 4
        Neighbours of each point, where `kind` is "nearest".

    Returns
    -------
    Neighbours

    Raises
    ------
    ValueError
        There are fewer than 4 points, or no more than `k`; all lie on a line; `kind` is not known.

    Examples
    --------
    >>> import numpy as np
    >>> y, x = np.mgrid[:5, :5]
    >>> square = join_neighbours(np.stack([y.ravel(), x.ravel()], axis=1))
    >>> int(square.coordination[12]), bool(square.is_inner[12])
    (4, True)
    """
    points = np.asarray(positions, dtype=np.float64).reshape(-1, 2)
    if kind not in ("delaunay", "gabriel", "nearest"):
        raise ValueError(f"kind must be 'delaunay', 'gabriel' or 'nearest', got {kind!r}")
    if len(points) < max(4, k + 1 if kind == "nearest" else 0):
        raise ValueError(f"{len(points)} points are too few for a graph of kind {kind!r}")
    triangulation = triangulate(points)
    if kind == "nearest":
        near = cKDTree(points).query(points, k=k + 1)[1][:, 1:]
        edges = np.stack([np.repeat(np.arange(len(points)), k), near.ravel()], axis=1)
    else:
        edges = _natural_edges(points, triangulation)
        if kind == "gabriel":
            middle = points[edges].mean(axis=1)
            third = cKDTree(points).query(middle, k=3)[0][:, 2]
            edges = edges[third > np.linalg.norm(points[edges[:, 0]] - middle, axis=1) * (1 + ON_CIRCLE)]
    edges = np.unique(np.sort(edges, axis=1), axis=0)
    length = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    if kind != "nearest":
        kept = length <= LONGEST * np.median(length)
        edges, length = edges[kept], length[kept]
    return Neighbours(points, edges, length, _inner(points, triangulation), kind)


def triangulate(points: NDArray[np.float64]) -> Delaunay:
    """Return the Delaunay triangulation; points on a line raise a ValueError that says so."""
    try:
        return Delaunay(points)
    except (QhullError, ValueError) as error:
        raise ValueError(f"{len(points)} points cannot be triangulated: they lie on a line, or on one place") from error


def circumscribed(
    points: NDArray[np.float64], triangles: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the centre, shape (n, 2), and the radius of the circle through the corners of each triangle."""
    a, b, c = (points[triangles[:, i]] for i in range(3))
    u, v = b - a, c - a
    cross = 2 * (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
    cross = np.where(np.abs(cross) < np.finfo(np.float64).tiny, np.finfo(np.float64).tiny, cross)
    uu, vv = np.sum(u**2, axis=1), np.sum(v**2, axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        offset = np.stack([v[:, 1] * uu - u[:, 1] * vv, u[:, 0] * vv - v[:, 0] * uu], axis=1) / cross[:, None]
        return a + offset, np.linalg.norm(offset, axis=1)


def _natural_edges(points: NDArray[np.float64], triangulation: Delaunay) -> NDArray[np.intp]:
    """Return the edges whose two circles differ: their Voronoi cells share more than a corner."""
    triangles, beside = triangulation.simplices, triangulation.neighbors
    centre, radius = circumscribed(points, triangles)
    edges = []
    for corner in range(3):
        edge = triangles[:, [(corner + 1) % 3, (corner + 2) % 3]]
        other = beside[:, corner]
        with np.errstate(invalid="ignore"):
            apart = np.linalg.norm(centre - centre[other], axis=1) > ON_CIRCLE * radius
        edges.append(edge[(other < 0) | apart])
    return np.concatenate(edges)


def _inner(points: NDArray[np.float64], triangulation: Delaunay) -> NDArray[np.bool_]:
    """Say which points have all their neighbours: neither on the hull nor in a triangle of a point that is."""
    on_hull = np.zeros(len(points), dtype=bool)
    on_hull[np.unique(triangulation.convex_hull)] = True
    # Triangles along the hull are flat: their circles reach out of the points.
    centre, _ = circumscribed(points, triangulation.simplices)
    low, high = points.min(axis=0), points.max(axis=0)
    with np.errstate(invalid="ignore"):
        is_open = ~np.all((centre >= low) & (centre <= high), axis=1)
    on_hull[triangulation.simplices[is_open]] = True
    touched = on_hull.copy()
    touched[triangulation.simplices[on_hull[triangulation.simplices].any(axis=1)]] = True
    return ~touched
