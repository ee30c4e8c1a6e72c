"""What is measured of inclusions and of graphite."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Stringer:
    """Inclusions in a line that are rated as one.

    Attributes
    ----------
    members : tuple of int
        Ids of its inclusions in the label image.
    kind : {"A", "B", "C", "D"}
        Sulfide, alumina, silicate or globular oxide, by form and grey.
    series : {"thin", "heavy", "oversize"}
        By its width.
    length_um, width_um : float
        From its first to its last end along the rolling direction, and the largest width of a member.
    centre : (float, float)
        Row and column of its middle, in pixels.
    """

    members: tuple[int, ...]
    kind: str
    series: str
    length_um: float
    width_um: float
    centre: tuple[float, float]


@dataclass(frozen=True)
class InclusionRating:
    """Severity of one type and series.

    Attributes
    ----------
    kind, series : str
    total : float
        Total length in micrometres in a field of 0.50 square millimetres, for D the number.
    severity : float
        Its severity number, 0 below the first.
    rounded : float
        Rounded down to the half, as the standard's tables.
    """

    kind: str
    series: str
    total: float
    severity: float
    rounded: float


@dataclass(frozen=True)
class Nodularity:
    """How much of the graphite is nodular.

    Attributes
    ----------
    percent : float or None
        Area of nodules in per cent of that of all graphite that counts; None without any.
    n_graphite, n_nodules : int
        Particles that count, and those that are nodules.
    roundness : ndarray of float64, shape (n_graphite,)
        Area over that of the circle with the largest Feret diameter.
    areas_um2 : ndarray of float64, shape (n_graphite,)
        Area of each.
    n_small, n_cut : int
        Particles left out as too small, and as cut by an edge.
    """

    percent: float | None
    n_graphite: int
    n_nodules: int
    roundness: NDArray[np.float64]
    areas_um2: NDArray[np.float64]
    n_small: int
    n_cut: int
