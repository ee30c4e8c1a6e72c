"""Test lines that are laid over a field to count grain boundaries: straight lines and circles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Three circles of 500 mm together, as E112 draws them: their diameters as fractions of the largest.
CIRCLES = (1.0, 0.5305 / 0.7958, 0.2653 / 0.7958)
STEPS_PER_PIXEL = 8


@dataclass(frozen=True)
class TestLine:
    """One line over a field.

    Attributes
    ----------
    name : str
        Its direction, e.g. ``"0 deg"``, or ``"circle 1"``.
    path : ndarray of int64, shape (n, 2)
        Row and column of the pixels it passes through, each beside the one before it: they share an edge.
    length_px : float
    is_closed : bool
        Whether the end joins the start.
    """

    __test__ = False

    name: str
    path: NDArray[np.int64]
    at_px: NDArray[np.float64]
    length_px: float
    is_closed: bool = False


def lay_lines(shape: tuple[int, int], angles_deg: tuple[float, ...], spacing_px: float) -> tuple[TestLine, ...]:
    """Lay parallel lines in each direction, from edge to edge.

    Parameters
    ----------
    shape : (int, int)
        Height and width in pixels.
    angles_deg : tuple of float
        Directions in degrees from the rows, counter-clockwise as seen; 0 is along the rows, 90 along the columns.
    spacing_px : float
        Distance between neighbouring lines, at least 1.

    Returns
    -------
    tuple of TestLine
        Those at least as long as the spacing; always one in each direction.

    Examples
    --------
    >>> [line.length_px for line in lay_lines((30, 40), (0.0,), 10)]
    [40.0, 40.0, 40.0]
    """
    height, width = shape
    found = []
    for angle in angles_deg:
        along = np.array([-math.sin(math.radians(angle)), math.cos(math.radians(angle))])
        across = np.array([along[1], -along[0]])
        # Corners seen across the direction say how many lines there is room for.
        reach = sum(abs(part) * side for part, side in zip(across, shape, strict=True))
        n_lines = max(1, math.floor(reach / spacing_px))
        offsets = (np.arange(n_lines) - (n_lines - 1) / 2) * spacing_px
        lines = [_straight(np.array([height / 2, width / 2]) + offset * across, along, shape) for offset in offsets]
        longest = max(lines, key=lambda ends: float(np.hypot(*(ends[1] - ends[0]))))
        for start, end in lines:
            length = float(np.hypot(*(end - start)))
            if length >= spacing_px or (start is longest[0] and length > 0):
                found.append(TestLine(f"{angle:g} deg", *_pixels(_between(start, end, length), shape, length), length))
    return tuple(found)


def lay_circles(shape: tuple[int, int]) -> tuple[TestLine, ...]:
    """Lay three concentric circles about the middle, the largest as wide as the field allows, as E112 draws them.

    Parameters
    ----------
    shape : (int, int)
        Height and width in pixels.

    Returns
    -------
    tuple of TestLine
        Diameters in the ratio of 79.58 to 53.05 to 26.53.
    """
    height, width = shape
    largest = max(min(shape) / 2 - 1, 0.5)
    found = []
    for number, fraction in enumerate(CIRCLES, start=1):
        radius = largest * fraction
        length = 2 * math.pi * radius
        turn = np.linspace(0, 2 * math.pi, max(8, math.ceil(length * STEPS_PER_PIXEL)), endpoint=False)
        points = np.stack([height / 2 + radius * np.sin(turn), width / 2 + radius * np.cos(turn)], axis=1)
        found.append(TestLine(f"circle {number}", *_pixels(points, shape, length), length, is_closed=True))
    return tuple(found)


def _straight(
    point: NDArray[np.float64], along: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cut the line through `point` at the edges of the field."""
    low, high = -math.inf, math.inf
    for at, step, side in zip(point, along, shape, strict=True):
        if abs(step) < 1e-12:
            continue
        first, second = sorted(((0 - at) / step, (side - at) / step))
        low, high = max(low, first), min(high, second)
    if high <= low:
        return point, point
    return point + low * along, point + high * along


def _between(start: NDArray[np.float64], end: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    n_steps = max(2, math.ceil(length * STEPS_PER_PIXEL))
    # The middle of each step: the ends themselves lie on the edge of the field, in no pixel.
    fraction = (np.arange(n_steps) + 0.5)[:, None] / n_steps
    return start + fraction * (end - start)


def _pixels(
    points: NDArray[np.float64], shape: tuple[int, int], length: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the pixels that points pass through, a step over a corner made over an edge, and where each begins."""
    cells = np.clip(np.floor(points).astype(np.int64), 0, np.array(shape) - 1)
    is_new = np.r_[True, np.any(np.diff(cells, axis=0) != 0, axis=1)]
    at = np.flatnonzero(is_new) * (length / len(points))
    cells = cells[is_new]
    over_corner = np.flatnonzero(np.abs(np.diff(cells, axis=0)).sum(axis=1) > 1)
    between = np.stack([cells[over_corner, 0], cells[over_corner + 1, 1]], axis=1)
    return np.insert(cells, over_corner + 1, between, axis=0), np.insert(
        at, over_corner + 1, at[over_corner + 1]
    ).astype(np.float64)
