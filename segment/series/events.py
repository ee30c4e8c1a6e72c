"""What became of tracks: merged, split, born, dissolved, or gone out of the field."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from segment.records import Area, Table
from segment.series.linking import check_table

NEEDED = ("frame", "track", "y_px", "x_px", "diameter_px")
# Frames before and after an event over which an object's volume is averaged: one outline is rough.
WINDOW = 4
# How far apart, in units of what they measure, a merger's parents may lie before it: rims no farther than this fraction
# of the smaller radius and the reach; and how well the volumes must add up, as a fraction of the smaller parent's.
ADDS_UP = 0.75
# An object nearer to the edge than its radius and this many pixels may have come or gone there.
EDGE = 2.0


def find_events(tracks: Table, area: Area | None = None, *, reach_px: float = 4.0) -> Table:
    """Find merges, splits, births, deaths, and objects that enter or leave.

    A track that ends where another continues is a merge if the two touched within the reach, and the volume of the
    other grows by that of the one that ended: by at least a quarter, and no more than 1.75 times. Otherwise it is a
    death, or, at the edge, left the field. Splits are the same with time reversed: on a film run backwards, each merge
    is a split.

    Parameters
    ----------
    tracks : Table
        Columns ``frame``, ``track``, ``y_px``, ``x_px``, ``diameter_px``, in order of frame, corrected for drift.
    area : Area, optional
        The field in which objects were looked for; None takes the box around all objects.
    reach_px : float, default 4
        How far apart the rims of two objects may be a frame before they merge, in pixels.

    Returns
    -------
    Table
        ``frame`` (first frame after it), ``event``, ``tracks_before``, ``tracks_after``, ``y_px``, ``x_px`` and
        ``volume_px3``: of the object that merged, split off, was born or died, as a sphere.

    Raises
    ------
    ValueError
        If a column is missing, or frames are not in order.
    """
    check_table(tracks, NEEDED)
    if not len(tracks):
        return _table([])
    box = _box(tracks) if area is None else (0.0, 0.0, area.height - 1.0, area.width - 1.0)
    forward = _ends(tracks, box, reach_px, 1)
    backward = _ends(tracks, box, reach_px, -1)
    names = {"join": "merge", "stop": "death", "edge": "leave"}, {"join": "split", "stop": "birth", "edge": "enter"}
    rows = []
    for found, name, is_forward in ((forward, names[0], True), (backward, names[1], False)):
        for frame, kind, one, other, y, x, volume in found:
            pair = f"{min(one, other)} {max(one, other)}" if kind == "join" else str(one)
            rest = str(other) if kind == "join" else ""
            before, after = (pair, rest) if is_forward else (rest, pair)
            rows.append((frame, name[kind], before, after, y, x, volume))
    return _table(sorted(rows))


def _ends(
    tracks: Table, box: tuple[float, float, float, float], reach: float, sign: int
) -> list[tuple[int, str, int, int, float, float, float]]:
    """Explain the end of every track, or with `sign` -1 its beginning."""
    frame, track = tracks["frame"].astype(np.int64), tracks["track"].astype(np.int64)
    y, x, radius = tracks["y_px"], tracks["x_px"], tracks["diameter_px"] / 2
    time = frame * sign
    last_time = int(time.max())
    order = np.lexsort((time, track))
    starts = np.flatnonzero(np.append(True, np.diff(track[order]) != 0))
    rows_of = {int(track[order[start]]): part for start, part in zip(starts, np.split(order, starts[1:]), strict=True)}
    at_time = {int(value): np.flatnonzero(time == value) for value in np.unique(time)}
    trees = {value: cKDTree(np.stack([y[rows], x[rows]], axis=1)) for value, rows in at_time.items()}
    largest = float(radius.max())
    found = []
    for name, rows in rows_of.items():
        end = rows[-1]
        if time[end] == last_time:
            continue
        later = next((value for value in range(int(time[end]) + 1, last_time + 1) if value in at_time), None)
        if later is None:
            continue
        volume = _volume(radius[rows[-WINDOW:]])
        after = later if sign > 0 else int(frame[end])
        best: tuple[float, int, int] | None = None
        here = np.array([y[end], x[end]])
        for candidate in at_time[later][
            trees[later].query_ball_point(here, radius[end] + 2 * largest + reach)
        ].tolist():
            other = int(track[candidate])
            misfit = _misfit(rows_of[other], time, radius, y, x, end, volume, reach)
            if other != name and misfit is not None and (best is None or (misfit, other) < best[:2]):
                best = misfit, other, candidate
        if best is not None:
            joined = best[2]
            found.append((abs(after), "join", name, best[1], float(y[joined]), float(x[joined]), volume))
        else:
            near = min(y[end] - box[0], x[end] - box[1], box[2] - y[end], box[3] - x[end])
            kind = "edge" if near <= radius[end] + EDGE else "stop"
            found.append((abs(after), kind, name, -1, float(y[end]), float(x[end]), volume))
    return found


def _misfit(
    rows: NDArray[np.intp],
    time: NDArray[np.int64],
    radius: NDArray[np.float64],
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    end: np.intp,
    volume: float,
    reach: float,
) -> float | None:
    """Return how badly a track fits as the one that swallowed the object `end`, None where it cannot be."""
    before, after = rows[time[rows] <= time[end]], rows[time[rows] > time[end]]
    if not len(before) or not len(after) or time[end] - time[before[-1]] > 1:
        return None
    one = before[-1]
    gap = float(np.hypot(y[one] - y[end], x[one] - x[end]) - radius[one] - radius[end])
    if gap > reach:
        return None
    grown = _volume(radius[after[:WINDOW]]) - _volume(radius[before[-WINDOW:]])
    fraction = grown / volume
    return abs(fraction - 1) + max(gap, 0) / reach if abs(fraction - 1) <= ADDS_UP else None


def _volume(radii: NDArray[np.float64]) -> float:
    return float(np.median(4 / 3 * np.pi * radii**3))


def _box(tracks: Table) -> tuple[float, float, float, float]:
    y, x = tracks["y_px"], tracks["x_px"]
    return float(y.min()), float(x.min()), float(y.max()), float(x.max())


def _table(rows: list[tuple[Any, ...]]) -> Table:
    names = ("frame", "event", "tracks_before", "tracks_after", "y_px", "x_px", "volume_px3")
    kinds = (np.int64, str, str, str, np.float64, np.float64, np.float64)
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return Table({name: np.array(column, dtype=kind) for name, column, kind in zip(names, columns, kinds, strict=True)})
