"""Compare found atomic columns with known ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree


@dataclass(frozen=True)
class ColumnScores:
    """How well columns are found.

    Attributes
    ----------
    precision, recall, f1 : float
        Fraction of the found columns that are true, of the true ones that are found, and their harmonic mean.
    rms : float
        Root mean square distance of the pairs, in the unit of the positions; NaN without a pair.
    found, true : ndarray of intp, shape (n_pairs,)
        Indices of the pairs, the found and the true one, margin included.
    is_inside_found, is_inside_true : ndarray of bool
        Which ones the margin leaves to be counted.
    """

    precision: float
    recall: float
    f1: float
    rms: float
    found: NDArray[np.intp]
    true: NDArray[np.intp]
    is_inside_found: NDArray[np.bool_]
    is_inside_true: NDArray[np.bool_]


def match_columns(
    found: ArrayLike,
    true: ArrayLike,
    *,
    tolerance: float,
    shape: tuple[int, int] | None = None,
    margin: float = 0.0,
) -> ColumnScores:
    """Pair found positions with true ones, at most once each, so that most pairs and then the nearest are made.

    Parameters
    ----------
    found, true : array-like of float, shape (n, 2)
        Positions (y, x).
    tolerance : float
        Largest distance of a pair.
    shape : tuple of int or None, default None
        Height and width of the image; needed with a margin.
    margin : float, default 0.0
        Columns nearer to the edge of the image are paired, but not counted.

    Returns
    -------
    ColumnScores

    Raises
    ------
    ValueError
        `tolerance` is not positive, or a margin comes without `shape`.

    Examples
    --------
    >>> scores = match_columns([[1.0, 1.0], [5.0, 5.0]], [[1.0, 1.5], [9.0, 9.0]], tolerance=1.0)
    >>> scores.precision, scores.recall, scores.rms
    (0.5, 0.5, 0.5)
    """
    if not tolerance > 0:
        raise ValueError(f"tolerance must be positive, got {tolerance}")
    if margin and shape is None:
        raise ValueError("a margin needs shape, the size of the image")
    first = np.asarray(found, dtype=np.float64).reshape(-1, 2)
    second = np.asarray(true, dtype=np.float64).reshape(-1, 2)
    pairs = _pairs(first, second, tolerance)
    inside = [_is_inside(points, shape, margin) for points in (first, second)]
    hits = [np.zeros(len(points), dtype=bool) for points in (first, second)]
    hits[0][pairs[:, 0]] = hits[1][pairs[:, 1]] = True
    precision, recall = (
        float(hit[within].mean()) if within.any() else 0.0 for hit, within in zip(hits, inside, strict=True)
    )
    kept = pairs[inside[1][pairs[:, 1]]]
    distance = np.linalg.norm(first[kept[:, 0]] - second[kept[:, 1]], axis=1)
    rms = float(np.sqrt(np.mean(distance**2))) if len(kept) else float("nan")
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return ColumnScores(precision, recall, f1, rms, pairs[:, 0], pairs[:, 1], inside[0], inside[1])


def _is_inside(points: NDArray[np.float64], shape: tuple[int, int] | None, margin: float) -> NDArray[np.bool_]:
    if shape is None:
        return np.ones(len(points), dtype=bool)
    return np.all((points >= margin) & (points <= np.array(shape) - 1 - margin), axis=1)


def _pairs(first: NDArray[np.float64], second: NDArray[np.float64], tolerance: float) -> NDArray[np.intp]:
    if not len(first) or not len(second):
        return np.empty((0, 2), dtype=np.intp)
    near = cKDTree(first).sparse_distance_matrix(cKDTree(second), tolerance, output_type="coo_matrix")
    rows, columns = near.row.astype(np.intp), near.col.astype(np.intp)
    graph = csr_array((np.ones(rows.size), (rows, columns + len(first))), shape=(len(first) + len(second),) * 2)
    _, group = connected_components(graph, directed=False)
    found: list[tuple[int, int]] = []
    order = np.argsort(group[rows], kind="stable")
    bounds = np.flatnonzero(np.diff(group[rows][order])) + 1
    for part in np.split(order, bounds) if order.size else ():
        left, i = np.unique(rows[part], return_inverse=True)
        right, j = np.unique(columns[part], return_inverse=True)
        # A pair is worth more than any distance within the tolerance.
        cost = np.zeros((left.size, right.size))
        cost[i, j] = near.data[part] / tolerance - 2 * min(left.size, right.size) - 1
        # Slow to load, and no part of a start.
        from scipy.optimize import linear_sum_assignment

        chosen = linear_sum_assignment(cost)
        found += [(int(left[p]), int(right[q])) for p, q in zip(*chosen, strict=True) if cost[p, q] < 0]
    return np.array(sorted(found), dtype=np.intp).reshape(-1, 2)
