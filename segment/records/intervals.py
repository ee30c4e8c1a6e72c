"""How well the area fractions of one map are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Intervals:
    """Intervals of the area fractions of the phases of one map, each of the same nominal coverage.

    Attributes
    ----------
    nominal : float
        Fraction of such intervals that holds the true fraction, on micrographs like those of the calibration.
    meaning : ndarray of float64, shape (k, 2)
        Lower and upper end where it is open what the phase is: which parts of the image belong to one phase at all.
    boundary : ndarray of float64, shape (k, 2)
        The same where what the phase is is agreed, and only where its boundary runs is open; never wider.
    basis : {"image", "labels", "fractions"}
        What the map is based on: the image alone, labelled pixels, or known fractions.
    n_maps : int
        Maps that were compared.
    n_agreeing : tuple of int
        Of these, for each phase, how many show the same phase.
    """

    nominal: float
    meaning: NDArray[np.float64]
    boundary: NDArray[np.float64]
    basis: str
    n_maps: int
    n_agreeing: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "nominal": self.nominal,
            "meaning": self.meaning.tolist(),
            "boundary": self.boundary.tolist(),
            "basis": self.basis,
            "n_maps": self.n_maps,
            "n_agreeing": list(self.n_agreeing),
        }
