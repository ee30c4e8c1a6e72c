"""Intercepts as NIST's grain size analysis tools measure them, to the last digit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from skimage.draw import circle_perimeter, line
from skimage.transform import rotate

from segment.records import Intercepts

ROW_STEP = 60
ANGLES = (0.0, 45.0, 90.0, 135.0, 180.0)
CIRCLES = (0.7958, 0.5305, 0.2653)
SHORTEST_KEPT = 3
NAMES = ("horizontal", "vertical", "falling diagonal", "rising diagonal", "circle 1", "circle 2", "circle 3")


def measure_nist_intercepts(
    boundaries: NDArray[np.bool_], pattern: str, spacing_px: float | None, angles_deg: Sequence[float] | None
) -> Intercepts:
    """Measure the pieces of grain between boundaries, without the boundaries' width and without pieces up to 2 px.

    Parameters
    ----------
    boundaries : ndarray of bool, shape (h, w)
    pattern : {"grid", "lines", "circles"}
        "circles": four lines and three circles in the square at the middle, with a margin of one pixel. Others: rows
        of the field, turned by each angle.
    spacing_px : float or None
        Step between the rows; None: 60.
    angles_deg : sequence of float or None
        None: 0, 45, 90, 135 and 180 degrees.

    Returns
    -------
    Intercepts
        Its mean is that of the pieces, shorter than L/P by the boundaries' width: G comes out finer.

    References
    ----------
    NIST, "Grain size analysis tools", https://github.com/usnistgov/grain-size-analysis-tools.
    """
    if pattern == "circles":
        names, pieces, piece_lines = _circles(boundaries)
    else:
        step = ROW_STEP if spacing_px is None else round(spacing_px)
        names, pieces, piece_lines = _rows(boundaries, step, ANGLES if angles_deg is None else tuple(angles_deg))
    counts = np.bincount(piece_lines, minlength=len(names)).astype(np.float64)
    lengths = np.bincount(piece_lines, weights=pieces, minlength=len(names)).astype(np.float64)
    return Intercepts(
        convention="nist",
        pattern="four lines and three circles" if pattern == "circles" else "rows of the turned field",
        lines=names,
        counts=counts,
        lengths_px=lengths,
        pieces_px=pieces,
        piece_lines=piece_lines,
        mean_px=float(pieces.mean()) if len(pieces) else math.inf,
    )


def _pieces(values: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return (first pixel, pixel after the last) of every piece between two boundaries."""
    steps = np.diff(values.astype(np.int8))
    starts, stops = np.flatnonzero(steps < 0) + 1, np.flatnonzero(steps > 0) + 1
    stops = stops[stops > starts[0]] if len(starts) else stops[:0]
    pairs = np.stack([starts[: len(stops)], stops], axis=1)
    return pairs[pairs[:, 1] - pairs[:, 0] >= SHORTEST_KEPT]


def _rows(
    boundaries: NDArray[np.bool_], step: int, angles: tuple[float, ...]
) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.int64]]:
    height, width = boundaries.shape
    pad = math.ceil(1.1 * (math.ceil(math.hypot(height, width)) - min(height, width)) * 0.5)
    field = np.pad(boundaries.astype(np.uint8) * np.uint8(255), pad)
    step = field.shape[0] - 1 if step > height else max(step, 1)
    pieces, piece_lines = [], []
    for number, angle in enumerate(angles):
        turned = field > 0 if angle == 0 else np.rint(255 * rotate(field, angle, order=1, resize=False)) >= 128
        for row in range(0, field.shape[0], step):
            found = _pieces(turned[row])
            pieces += (found[:, 1] - found[:, 0]).tolist()
            piece_lines += [number] * len(found)
    names = tuple(f"{angle:g} deg" for angle in angles)
    return names, np.array(pieces, dtype=np.float64), np.array(piece_lines, dtype=np.int64)


def _circles(boundaries: NDArray[np.bool_]) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.int64]]:
    height, width = boundaries.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    field = np.pad(boundaries[top : top + side, left : left + side], 1)
    last, margin = side + 1, round(0.05 * side)
    ends = (
        ((last - margin, 0), (last - margin, last)),
        ((0, margin), (last, margin)),
        ((0, 0), (last, last)),
        ((0, last), (last, 0)),
    )
    pieces, piece_lines = [], []
    for number, (start, end) in enumerate(ends):
        path = np.stack(line(*start, *end), axis=1)
        for first, after in _pieces(field[path[:, 0], path[:, 1]]):
            pieces.append(math.hypot(*(path[first] - path[after])))
            piece_lines.append(number)
    for number, fraction in enumerate(CIRCLES, start=len(ends)):
        middle = (side + 2) // 2
        path = np.stack(circle_perimeter(middle, middle, round(fraction * (side + 2) / 2)), axis=1)
        offset = path - path.mean(axis=0)
        path = path[np.argsort(np.arctan2(offset[:, 1], offset[:, 0]), kind="quicksort")]
        start = int(np.argmax(field[path[:, 0], path[:, 1]]))
        path = np.vstack([path[start:], path[: start + 1]])
        centre = path.mean(axis=0)
        for first, after in _pieces(field[path[:, 0], path[:, 1]]):
            pieces.append(_arc(path[first] - centre, path[after] - centre))
            piece_lines.append(number)
    return NAMES, np.array(pieces, dtype=np.float64), np.array(piece_lines, dtype=np.int64)


def _arc(first: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """Return radius times the angle between two radii; an arc beyond half a turn is folded back, as there."""
    radius, other = math.hypot(*first), math.hypot(*after)
    cosine = np.clip(np.dot(first / radius, after / other), -1, 1)
    return (radius + other) / 2 * abs(math.acos(cosine))
