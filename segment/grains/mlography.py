"""Intercepts as MLography++ measures them: random lines, and the mean of their means."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from skimage.draw import line

from segment.records import Intercepts

N_LINES = 10
# Boundary pixels of a line that are no farther apart than this count as one boundary there.
GROUP_REACH = 10.0
MOST_TRIES = 10_000


def measure_mlography_intercepts(boundaries: NDArray[np.bool_], *, seed: int = 0) -> Intercepts:
    """Measure ten random lines, each longer than both sides of the field: length over groups of boundary pixels.

    Parameters
    ----------
    boundaries : ndarray of bool, shape (h, w)
    seed : int, default 0
        There the lines differ with every run; here the same seed lays the same lines.

    Returns
    -------
    Intercepts
        Its mean is the mean of the lines' means, not L/P.

    References
    ----------
    MLOgraphy++, https://github.com/Scientific-Computing-Lab/MLOgraphyPlusPlus, grain_size.py.
    """
    height, width = boundaries.shape
    rng = np.random.default_rng(seed)
    counts, lengths, names = [], [], []
    for number in range(1, N_LINES + 1):
        start, end = _random_line(height, width, rng)
        path = np.stack(line(*start, *end), axis=1)
        path = path[(path[:, 0] < height) & (path[:, 1] < width)]
        on = path[boundaries[path[:, 0], path[:, 1]]]
        # There the pixels are gathered row by row.
        on = on[np.lexsort((on[:, 1], on[:, 0]))]
        apart = np.hypot(*np.diff(on, axis=0).T) > GROUP_REACH if len(on) else np.zeros(0, dtype=bool)
        counts.append(float(apart.sum() + 1) if len(on) else 0.0)
        lengths.append(math.hypot(end[0] - start[0], end[1] - start[1]))
        names.append(f"random line {number}")
    count, length = np.array(counts), np.array(lengths)
    means = length[count > 0] / count[count > 0]
    return Intercepts(
        convention="mlography",
        pattern=f"{N_LINES} random lines",
        lines=tuple(names),
        counts=count,
        lengths_px=length,
        pieces_px=means,
        piece_lines=np.flatnonzero(count > 0),
        mean_px=float(means.mean()) if len(means) else math.inf,
    )


def _random_line(height: int, width: int, rng: np.random.Generator) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the ends (row, column) of a line longer than both sides; a diagonal where none is found."""
    for _ in range(MOST_TRIES):
        slope = math.tan(rng.uniform(-math.pi / 2, math.pi / 2)) or 1e-9
        x, y = int(rng.integers(width)), int(rng.integers(height))
        ends = []
        for at in (0.0, float(width)):
            crossing = y + slope * (at - x)
            row = min(max(crossing, 0.0), float(height))
            ends.append((int(row), int(at + (row - crossing) / slope)))
        length = math.hypot(ends[0][0] - ends[1][0], ends[0][1] - ends[1][1])
        if length > max(height, width):
            return ends[0], ends[1]
    return (0, 0), (height, width)
