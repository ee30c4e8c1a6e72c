"""How unusual the objects and the areas of an image are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class AnomalyScores:
    """Isolation, crowding and size of every object, each with its p-value.

    Attributes
    ----------
    isolation, crowding : ndarray of float64, shape (n,)
        Minus the decimal logarithm of how rarely random positions have so empty, or so full, a neighbourhood at the
        number of neighbours where that is rarest; positive, larger is more unusual, and comparable between images.
    size : ndarray of float64, shape (n,)
        Area over the median area of the reference.
    isolation_p, crowding_p : ndarray of float64, shape (n,)
        Fraction of objects at random positions, in fields of this shape and number, that score as much.
    size_p : ndarray of float64, shape (n,)
        Fraction of the reference objects at least as large.
    """

    isolation: NDArray[np.float64]
    crowding: NDArray[np.float64]
    size: NDArray[np.float64]
    isolation_p: NDArray[np.float64]
    crowding_p: NDArray[np.float64]
    size_p: NDArray[np.float64]


@dataclass(frozen=True)
class ShapeDictionary:
    """Parts that the shapes of ordinary objects are made of.

    Attributes
    ----------
    components : ndarray of float64, shape (k, n_rings * n_sectors)
        Each a silhouette: how much of every ring and sector, from the middle outwards and around, it fills.
    n_rings, n_sectors : int
    reference : ndarray of float64, shape (n,)
        Residuals of the objects it was learnt from, sorted.
    """

    components: NDArray[np.float64]
    n_rings: int
    n_sectors: int
    reference: NDArray[np.float64]


@dataclass(frozen=True)
class ShapeScores:
    """How unlike the ordinary shapes each object is.

    Attributes
    ----------
    residual : ndarray of float64, shape (n,)
        What the dictionary's parts leave of the silhouette, as a fraction of it.
    p : ndarray of float64, shape (n,)
        Fraction of the objects that the dictionary was learnt from with at least this residual.
    parts : ndarray of float64, shape (n, k)
        Fraction of each part in the silhouette.
    roundness : ndarray of float64, shape (n,)
        Area over that of the smallest circle around, 0 to 1.
    """

    residual: NDArray[np.float64]
    p: NDArray[np.float64]
    parts: NDArray[np.float64]
    roundness: NDArray[np.float64]


@dataclass(frozen=True)
class Region:
    """A rectangle that holds more than is expected for its area.

    Attributes
    ----------
    top, left, bottom, right : float
        Edges in pixels, the lower and right one past the last pixel.
    n_objects : int
    score : float
        Logarithm of the likelihood ratio of the scan statistic.
    p : float
        Fraction of random fields of the same weights whose best rectangle scores as much.
    excess : float
        What it holds, as a multiple of what is expected for its area.
    """

    top: float
    left: float
    bottom: float
    right: float
    n_objects: int
    score: float
    p: float
    excess: float

    def in_stage_units(
        self, pixel_size_um: float, origin_um: tuple[float, float] = (0.0, 0.0)
    ) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom in micrometres.

        Parameters
        ----------
        pixel_size_um : float
            Edge of a pixel in micrometres.
        origin_um : (float, float), default (0.0, 0.0)
            x and y of the image's upper left corner on the stage; y grows downwards, as rows do.

        Returns
        -------
        tuple of float
        """
        x, y = origin_um
        return (
            x + self.left * pixel_size_um,
            y + self.top * pixel_size_um,
            x + self.right * pixel_size_um,
            y + self.bottom * pixel_size_um,
        )
