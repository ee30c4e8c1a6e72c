"""What is measured of the grains of a single-phase structure, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Network:
    """Grain boundaries as a network: its regions, its junctions and the places where it is open.

    Attributes
    ----------
    boundaries : ndarray of bool, shape (h, w)
        Pixels of the boundaries, as wide as they were found.
    skeleton : ndarray of bool, shape (h, w)
        Their centre lines, one pixel wide.
    grains : ndarray of int32, shape (h, w)
        Id of the grain of every pixel, from 1: what the boundaries enclose, grown to their middle. All 0 where there
        are boundaries only.
    open_ends : ndarray of int64, shape (n, 2)
        Row and column where a boundary ends inside the field.
    triple_points : ndarray of int64, shape (m, 2)
        Row and column of every junction; one where four boundaries meet is there twice.
    width_px : float
        Mean width of the boundaries; 0 without any.
    """

    boundaries: NDArray[np.bool_]
    skeleton: NDArray[np.bool_]
    grains: NDArray[np.int32]
    open_ends: NDArray[np.int64]
    triple_points: NDArray[np.int64]
    width_px: float

    @property
    def n_grains(self) -> int:
        """Number of grains that the boundaries enclose, with the field's edges."""
        return int(self.grains.max(initial=0))


@dataclass(frozen=True)
class Intercepts:
    """Crossings of test lines with grain boundaries.

    Attributes
    ----------
    convention : {"e112", "nist", "mlography"}
        How crossings and lengths are counted.
    pattern : str
        In words, which lines were laid.
    lines : tuple of str
        Name of every line or direction, e.g. ``"0 deg"``.
    counts : ndarray of float64, shape (n_lines,)
        Crossings P of each, halves included; for "nist" the number of pieces.
    lengths_px : ndarray of float64, shape (n_lines,)
        Length L of each; for "nist" the summed length of its pieces.
    pieces_px : ndarray of float64, shape (n_pieces,)
        Length of every grain along the lines, without the pieces that an end of a line cuts.
    piece_lines : ndarray of int64, shape (n_pieces,)
        Index in `lines` of each piece.
    mean_px : float
        Mean intercept length in pixels by this convention; infinite where no boundary was crossed.
    """

    convention: str
    pattern: str
    lines: tuple[str, ...]
    counts: NDArray[np.float64]
    lengths_px: NDArray[np.float64]
    pieces_px: NDArray[np.float64]
    piece_lines: NDArray[np.int64]
    mean_px: float


@dataclass(frozen=True)
class GrainCount:
    """Grains counted in a test area.

    Attributes
    ----------
    method : {"saltykov", "jeffries", "triple_points"}
        Rectangle, circle, or junctions.
    inside, cut, corners : int
        Grains wholly inside, cut by the outline, and at the corners of the rectangle; for junctions, `inside` is their
        number.
    equivalent : float
        Number of grains that the test area is worth.
    area_px2 : float
        The test area in square pixels.
    """

    method: str
    inside: int
    cut: int
    corners: int
    equivalent: float
    area_px2: float


@dataclass(frozen=True)
class GrainSize:
    """A grain size with its method, convention and interval.

    Attributes
    ----------
    G : float
        ASTM grain size number, from the mean of the measured quantity over all samples.
    G_low, G_high : float or None
        95 % confidence interval of G; None where nothing says how far the samples scatter.
    relative_accuracy_percent : float or None
        %RA of the measured quantity.
    quantity : {"P_L", "N_A"}
        Crossings per millimetre, or grains per square millimetre.
    value, ci95 : float, float or None
        Its mean, and half the width of its 95 % interval.
    method : str
        How it was measured, e.g. ``"intercepts, grid 0 and 90 deg"``.
    convention : str
        How crossings or grains were counted.
    standard : str
        The table that G is from.
    n_fields : int
        Fields measured.
    n_samples : int
        What the interval's scatter is taken from: fields, or the tiles of a single field.
    notes : tuple of str
        What is missing, and what would do.
    """

    G: float
    G_low: float | None
    G_high: float | None
    relative_accuracy_percent: float | None
    quantity: str
    value: float
    ci95: float | None
    method: str
    convention: str
    standard: str
    n_fields: int
    n_samples: int
    notes: tuple[str, ...] = field(default=())

    @property
    def mean_intercept_um(self) -> float | None:
        """Mean intercept length in micrometres; None for a count of grains."""
        return 1000 / self.value if self.quantity == "P_L" and self.value else None

    @property
    def mean_area_um2(self) -> float | None:
        """Mean grain area in square micrometres; None for intercepts."""
        return 1e6 / self.value if self.quantity == "N_A" and self.value else None

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        names = self.__dataclass_fields__
        values = {name: getattr(self, name) for name in names}
        values["notes"] = list(self.notes)
        return {**values, "mean_intercept_um": self.mean_intercept_um, "mean_area_um2": self.mean_area_um2}
