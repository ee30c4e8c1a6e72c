"""The part of the specimen that every frame shows, and frames laid over each other without invented pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segment.records import Area, Series, Shifts, valid_of

# Pixels that interpolation needs beyond the area: cubic splines are local.
MARGIN = 2
PROBED = 12


def common_area(series: Series, shifts: Shifts) -> Area:
    """Find the largest rectangle of the first good frame that lies within every good frame.

    Black borders, as registered films have, count as outside: rows and columns at a frame's edge whose pixels are all
    equal, or all excluded.

    Parameters
    ----------
    series : Series
    shifts : Shifts

    Returns
    -------
    Area

    Raises
    ------
    ValueError
        If nothing is common: the specimen drifted by more than the field. Names the frame that is farthest off.
    """
    top, bottom, left, right = _borders(series, shifts)
    height, width = series.shape
    path = shifts.path[shifts.is_good]
    first_row = int(np.ceil(top - path[:, 0].min())) + MARGIN
    last_row = int(np.floor(height - bottom - 1 - path[:, 0].max())) - MARGIN
    first_column = int(np.ceil(left - path[:, 1].min())) + MARGIN
    last_column = int(np.floor(width - right - 1 - path[:, 1].max())) - MARGIN
    rows, columns = last_row - first_row + 1, last_column - first_column + 1
    if rows < 1 or columns < 1:
        far = int(np.argmax(np.hypot(*(shifts.path - np.median(path, axis=0)).T)))
        raise ValueError(
            f"no part of the specimen is in all frames: {series.names[far]} lies {shifts.path[far, 0]:.0f} px down and "
            f"{shifts.path[far, 1]:.0f} px to the right of the first, in frames of {width} x {height} px; cut the film "
            "there"
        )
    return Area(first_row, first_column, rows, columns, 1 - rows * columns / (height * width))


def aligned(frame: NDArray[np.float32], position: NDArray[np.float64], area: Area) -> NDArray[np.float32]:
    """Return the common area of a frame, moved back by its position, by linear interpolation.

    Parameters
    ----------
    frame : ndarray of float32, shape (h, w)
    position : ndarray of float64, shape (2,)
        Of this frame, from `Shifts.path`.
    area : Area

    Returns
    -------
    ndarray of float32, shape (area.height, area.width)
        Each pixel lies between pixels that were measured.
    """
    start = np.array([area.top, area.left]) + position
    whole = np.floor(start).astype(int)
    part = start - whole
    cut = frame[whole[0] : whole[0] + area.height + 1, whole[1] : whole[1] + area.width + 1].astype(np.float32)
    y, x = part.astype(np.float32)
    rows = cut[:-1] * (1 - y) + cut[1:] * y
    return rows[:, :-1] * (1 - x) + rows[:, 1:] * x


def _borders(series: Series, shifts: Shifts) -> tuple[int, int, int, int]:
    """Return how many rows above and below, and columns left and right, are empty in a frame that was looked at."""
    good = np.flatnonzero(shifts.is_good)
    chosen = good[np.unique(np.linspace(0, len(good) - 1, PROBED).round().astype(int))]
    widest = np.zeros(4, dtype=int)
    for index in chosen.tolist():
        frame = series.read(index)
        levels, valid = np.asarray(frame), valid_of(frame)
        # Mirrored pixels stand in the place of excluded ones.
        levels = levels if valid is None else np.where(valid, levels, np.float32(0))
        for side, lines in enumerate((levels, levels[::-1], levels.T, levels.T[::-1])):
            flat = np.ptp(lines, axis=1) == 0
            widest[side] = max(widest[side], len(flat) if flat.all() else int(np.argmin(flat)))
    top, bottom, left, right = np.minimum(widest, np.repeat(series.shape, 2) // 2).tolist()
    return top, bottom, left, right
