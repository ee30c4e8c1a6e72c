"""Objects of successive frames linked into tracks: assignment by distance and size, with gaps closed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array, csgraph
from scipy.spatial import cKDTree

from segment.records import Table

# Columns that linking needs.
NEEDED = ("frame", "y_px", "x_px", "diameter_px")
# Frames that an object may be missing for.
GAP = 2
# What a factor e in diameter costs, as a fraction of the reach.
SIZE = 1.0


def link_objects(table: Table, *, reach_px: float | None = None, gap: int = GAP) -> NDArray[np.int64]:
    """Link objects of successive frames into tracks.

    Between two frames, links minimise the sum of d^2 + (s log(D_1 / D_2))^2 over all links, where d is the distance and
    s the reach; an object that would cost more than reach^2 stays unlinked. Track ends are then linked to beginnings up
    to `gap` frames later, by the same rule.

    Parameters
    ----------
    table : Table
        Columns ``frame``, ``y_px``, ``x_px``, ``diameter_px``, places corrected for drift; in order of frame.
    reach_px : float, optional
        Farthest step in pixels. None: from the objects themselves, see `choose_reach`.
    gap : int, default 2
        Frames for which an object may be missing.

    Returns
    -------
    ndarray of int64, shape (n,)
        Track of each row, from 0, numbered by first appearance.

    Raises
    ------
    ValueError
        If a column is missing, frames are not in order, or `reach_px` or `gap` is negative.

    Notes
    -----
    Each group of objects within reach of one another is assigned exactly, by `scipy.optimize.linear_sum_assignment`.

    Examples
    --------
    >>> table = Table({"frame": np.array([0, 0, 1, 1]), "y_px": np.array([0.0, 9, 9, 1]),
    ...                "x_px": np.zeros(4), "diameter_px": np.ones(4)})
    >>> link_objects(table, reach_px=3).tolist()
    [0, 1, 1, 0]
    """
    check_table(table, NEEDED)
    if gap < 0 or (reach_px is not None and not reach_px > 0):
        raise ValueError(f"gap must be at least 0 and reach_px above 0, got {gap} and {reach_px}")
    frame = table["frame"].astype(np.int64)
    place = np.stack([table["y_px"], table["x_px"]], axis=1)
    size = np.log(table["diameter_px"])
    reach = choose_reach(table) if reach_px is None else reach_px
    rows = [np.flatnonzero(frame == index) for index in range(int(frame.max(initial=-1)) + 1)]
    following = np.full(len(frame), -1)
    leading = np.full(len(frame), -1)
    for skipped in range(gap + 1):
        for index in range(len(rows) - 1 - skipped):
            ends, starts = rows[index], rows[index + 1 + skipped]
            ends, starts = ends[following[ends] < 0], starts[leading[starts] < 0]
            for one, other in assign(place[ends], size[ends], place[starts], size[starts], reach):
                following[ends[one]], leading[starts[other]] = starts[other], ends[one]
    track = np.full(len(frame), -1)
    n_tracks = 0
    for row in range(len(frame)):
        if leading[row] < 0:
            track[row], n_tracks = n_tracks, n_tracks + 1
        else:
            track[row] = track[leading[row]]
    return track


def choose_reach(table: Table) -> float:
    """Return how far an object may step: as far as it surely is nearer than its neighbours are, in pixels.

    Half of the 10 % quantile of the distance to the nearest neighbour within a frame, and at least twice the 90 %
    quantile of the steps between mutual nearest neighbours of successive frames, if that is less than the median
    distance of neighbours.
    """
    frame = table["frame"].astype(np.int64)
    place = np.stack([table["y_px"], table["x_px"]], axis=1)
    apart, steps = [], []
    previous = None
    for index in range(int(frame.max(initial=-1)) + 1):
        here = place[frame == index]
        if len(here) < 2:
            previous = here if len(here) else None
            continue
        tree = cKDTree(here)
        apart.append(tree.query(here, k=2)[0][:, 1])
        if previous is not None:
            distance, nearest = tree.query(previous)
            back = cKDTree(previous).query(here)[1]
            steps.append(distance[back[nearest] == np.arange(len(previous))])
        previous = here
    if not apart:
        return 5.0
    neighbours = np.concatenate(apart)
    least = float(np.quantile(neighbours, 0.1)) / 2
    typical = 2 * float(np.quantile(np.concatenate(steps), 0.9)) if steps else least
    return max(least, min(typical, float(np.median(neighbours))), 1.0)


def assign(
    place: NDArray[np.float64],
    size: NDArray[np.float64],
    next_place: NDArray[np.float64],
    next_size: NDArray[np.float64],
    reach: float,
) -> list[tuple[int, int]]:
    """Return the links of least total cost between two sets of objects, as pairs of their numbers."""
    if not len(place) or not len(next_place):
        return []
    near = cKDTree(place).sparse_distance_matrix(cKDTree(next_place), reach, output_type="coo_matrix")
    one, other = near.row, near.col
    cost = near.data**2 + (SIZE * reach * (size[one] - next_size[other])) ** 2
    keep = cost <= reach**2
    one, other, cost = one[keep], other[keep], cost[keep]
    n, m = len(place), len(next_place)
    graph = coo_array((np.ones(len(one)), (one, n + other)), shape=(n + m, n + m))
    _, group = csgraph.connected_components(graph, directed=False)
    order = np.argsort(group[one], kind="stable")
    links: list[tuple[int, int]] = []
    for chosen in np.split(order, np.flatnonzero(np.diff(group[one][order])) + 1):
        links += _assign_group(one[chosen], other[chosen], cost[chosen], reach**2)
    return sorted(links)


def _assign_group(
    one: NDArray[np.intp], other: NDArray[np.intp], cost: NDArray[np.float64], unlinked: float
) -> list[tuple[int, int]]:
    """Assign within one group; a pair costs less than leaving both of its objects unlinked."""
    if not len(one):
        return []
    if len(one) == 1:
        return [(int(one[0]), int(other[0]))]
    rows, row = np.unique(one, return_inverse=True)
    columns, column = np.unique(other, return_inverse=True)
    # Linking gains what it saves over leaving both alone; a pair out of reach gains nothing.
    gain = np.zeros((len(rows), len(columns)))
    gain[row, column] = 2 * unlinked - cost
    picked = linear_sum_assignment(gain, maximize=True)
    return [(int(rows[i]), int(columns[j])) for i, j in zip(*picked, strict=True) if gain[i, j] > 0]


def check_table(table: Table, needed: tuple[str, ...]) -> None:
    """Raise ValueError unless a table has the columns, and its frames are in order."""
    missing = [name for name in needed if name not in table]
    if missing:
        raise ValueError(f"table needs the columns {', '.join(needed)}; {missing[0]!r} is missing")
    if np.any(np.diff(table["frame"]) < 0):
        raise ValueError("table must be in order of frame")
