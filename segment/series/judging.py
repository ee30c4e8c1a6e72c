"""How good a path is, judged by the objects: they were not used to find it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from segment.records import Table
from segment.series.linking import check_table

# Objects that two frames must share, and standard errors that an angle must exceed.
FEWEST, CERTAIN = 6, 4.0
NEEDED = ("frame", "y_px", "x_px", "diameter_px")


@dataclass(frozen=True)
class PathQuality:
    """Whether objects are where they were some frames ago, once the drift is taken out.

    Attributes
    ----------
    lag : int
        Frames apart.
    residual_px : float or None
        Median over pairs of frames of the length of the median step of their objects; None without a pair of frames
        that share three objects.
    residual_p95_px : float or None
        The 95 % quantile of the same.
    found_again : float or None
        Fraction of objects that lie nearer than half a diameter to where they were.
    """

    lag: int
    residual_px: float | None
    residual_p95_px: float | None
    found_again: float | None


@dataclass(frozen=True)
class Turning:
    """How the objects turn about the middle of those of a frame, from each frame to the next.

    Attributes
    ----------
    degrees : float
        Median angle from a frame to the next, anticlockwise as seen.
    error : float
        Its standard error, from how far the frames scatter.
    sweep_px : float
        How far that moves an object at the rim of the field over the whole film.
    """

    degrees: float
    error: float
    sweep_px: float

    @property
    def is_clear(self) -> bool:
        """Whether it is beyond its error and moves objects by more than a pixel."""
        return abs(self.degrees) > CERTAIN * self.error and self.sweep_px > 1


def measure_turning(table: Table) -> Turning | None:
    """Measure whether the specimen turns, which a path of shifts cannot take out.

    Parameters
    ----------
    table : Table
        As for `judge_path`.

    Returns
    -------
    Turning or None
        None where fewer than three pairs of frames share six objects.

    Examples
    --------
    >>> angle = np.radians(2.0) * np.repeat(np.arange(5), 20)
    >>> y, x = np.random.default_rng(0).uniform(-90, 90, (2, 20))
    >>> y, x = np.tile(y, 5), np.tile(x, 5)
    >>> table = Table({"frame": np.repeat(np.arange(5), 20), "y_px": y * np.cos(angle) - x * np.sin(angle),
    ...                "x_px": y * np.sin(angle) + x * np.cos(angle), "diameter_px": np.full(100, 8.0)})
    >>> turning = measure_turning(table)
    >>> round(turning.degrees, 2), turning.is_clear
    (2.0, True)
    """
    check_table(table, NEEDED)
    frame = table["frame"].astype(np.int64)
    place = np.stack([table["y_px"], table["x_px"]], axis=1)
    frames = np.unique(frame)
    angles = []
    for before, after in zip(frames[:-1], frames[1:], strict=True):
        here, there = np.flatnonzero(frame == before), np.flatnonzero(frame == after)
        if min(len(here), len(there)) < FEWEST:
            continue
        distance, nearest = cKDTree(place[there]).query(place[here])
        kept = distance <= table["diameter_px"][here]
        if kept.sum() < FEWEST:
            continue
        one, other = (points - points.mean(axis=0) for points in (place[here][kept], place[there][nearest[kept]]))
        across = (one[:, 1] * other[:, 0] - one[:, 0] * other[:, 1]).sum()
        angles.append(-np.degrees(np.arctan2(across, (one * other).sum())))
    if len(angles) < 3:
        return None
    middle = float(np.median(angles))
    error = 1.2533 * 1.4826 * float(np.median(np.abs(np.array(angles) - middle))) / np.sqrt(len(angles))
    rim = float(np.ptp(place, axis=0).max()) / 2
    return Turning(middle, float(error), float(abs(np.radians(middle)) * (len(frames) - 1) * rim))


def judge_path(table: Table, lag: int = 10) -> PathQuality:
    """Compare the places of objects some frames apart.

    Parameters
    ----------
    table : Table
        Columns ``frame``, ``y_px``, ``x_px``, ``diameter_px``, places corrected for drift, in order of frame.
    lag : int, default 10
        Frames apart; half of the film where it is shorter.

    Returns
    -------
    PathQuality

    Raises
    ------
    ValueError
        If a column is missing, or frames are not in order.

    Examples
    --------
    >>> table = Table({"frame": np.repeat([0, 1], 3), "y_px": np.tile([0.0, 20, 40], 2),
    ...                "x_px": np.repeat([0.0, 0.5], 3), "diameter_px": np.full(6, 4.0)})
    >>> quality = judge_path(table, lag=1)
    >>> quality.residual_px, quality.found_again
    (0.5, 1.0)
    """
    check_table(table, NEEDED)
    frame = table["frame"].astype(np.int64)
    place = np.stack([table["y_px"], table["x_px"]], axis=1)
    last = int(frame.max(initial=0))
    lag = max(min(lag, (last + 1) // 2), 1)
    steps, again = [], []
    for index in range(last - lag + 1):
        here, there = np.flatnonzero(frame == index), np.flatnonzero(frame == index + lag)
        if len(here) < 3 or len(there) < 3:
            continue
        distance, nearest = cKDTree(place[there]).query(place[here])
        kept = distance <= table["diameter_px"][here] / 2
        again.append(float(kept.mean()))
        if kept.sum() >= 3:
            steps.append(float(np.hypot(*np.median(place[there][nearest[kept]] - place[here][kept], axis=0))))
    if not steps:
        return PathQuality(lag, None, None, float(np.mean(again)) if again else None)
    return PathQuality(lag, float(np.median(steps)), float(np.quantile(steps, 0.95)), float(np.mean(again)))
