"""A film: frames that are read when they are needed, what is wrong with some, and how the specimen moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segment.records.table import Table


@dataclass(frozen=True)
class Series:
    """Frames of one field, in order of time.

    Attributes
    ----------
    names : tuple of str
        Name of each frame.
    read : callable
        ``read(index)`` returns the grey levels of a frame, float32, shape (h, w), in [0, 1]; ValueError or OSError says
        why it cannot.
    shape : (int, int)
        Height and width that most frames have.
    interval_s : float or None
        Seconds from a frame to the next; None where nobody said, and times count frames.
    pixel_size_um : float or None
        Edge of a pixel in micrometres; None where it is not known.
    """

    names: tuple[str, ...]
    read: Callable[[int], NDArray[np.float32]]
    shape: tuple[int, int]
    interval_s: float | None = None
    pixel_size_um: float | None = None

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        return (self.read(index) for index in range(len(self)))

    @property
    def times(self) -> NDArray[np.float64]:
        """Time of each frame in seconds, or its number where the interval is not known."""
        return np.arange(len(self), dtype=np.float64) * (1.0 if self.interval_s is None else self.interval_s)


@dataclass(frozen=True)
class BadFrame:
    """A frame that is passed over.

    Attributes
    ----------
    index : int
        Its number, from 0.
    name : str
    fault : {"unreadable", "size", "blank", "duplicate", "saturated", "blurred"}
    reason : str
        What was found, and what the others have.
    """

    index: int
    name: str
    fault: str
    reason: str


@dataclass(frozen=True)
class Jump:
    """A step of the specimen that stands out.

    Attributes
    ----------
    index : int
        The frame after it.
    name : str
    dy, dx : float
        The step in pixels, down and to the right.
    """

    index: int
    name: str
    dy: float
    dx: float

    @property
    def length(self) -> float:
        """How far, in pixels."""
        return float(np.hypot(self.dy, self.dx))


@dataclass(frozen=True)
class Shifts:
    """How the specimen lies in each frame.

    Attributes
    ----------
    path : ndarray of float64, shape (n, 2)
        What lies at (y, x) in the first good frame lies at (y, x) + path[t] in frame t, in pixels. Bad frames are
        bridged on a straight line.
    is_good : ndarray of bool, shape (n,)
        Frames that were compared; False for bad ones.
    jumps : tuple of Jump
        Steps longer than the limit that was asked for, in order.
    residual_px : float
        Median disagreement of the measured pair shifts with the path.
    period_px : float or None
        Distance after which the image repeats itself; shifts of half of it and more may be wrong by it. None where it
        does not.
    """

    path: NDArray[np.float64]
    is_good: NDArray[np.bool_]
    jumps: tuple[Jump, ...]
    residual_px: float
    period_px: float | None = None


@dataclass(frozen=True)
class Area:
    """A rectangle of the first good frame.

    Attributes
    ----------
    top, left, height, width : int
        In pixels.
    lost : float
        Fraction of a frame's pixels outside of it, 0 to 1.
    """

    top: int
    left: int
    height: int
    width: int
    lost: float


@dataclass(frozen=True)
class Tracks:
    """Objects followed through a film.

    Attributes
    ----------
    table : Table
        One row for each object of each frame: ``frame``, ``track`` and the columns of the linked table.
    events : Table
        One row an event: ``frame``, ``event`` (merge, split, birth, death, enter, leave), ``tracks_before`` and
        ``tracks_after`` (track ids separated by spaces), ``y_px``, ``x_px``, ``volume_px3``.
    """

    table: Table
    events: Table
