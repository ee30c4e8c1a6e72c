"""What an exploration found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.explore.configurations import is_default
from segment.model import Parameters
from segment.records import Micrograph


@dataclass(frozen=True, eq=False)
class Candidate:
    """One way to segment an image.

    Attributes
    ----------
    number : int
        From 1; what the sheet shows and the user picks.
    parameters : Parameters
        What `Segmenter.from_parameters` needs to make this map, and any other, at full size.
    labels : ndarray of uint8, shape (h, w)
        Phase of every pixel of the exploration's grid, dark to bright.
    fractions : tuple of float
        Area fraction of each phase.
    stability : float
        Mean adjusted Rand index between the maps of three seeds: 1 where all find the same.
    agreement : float
        Mean adjusted Rand index between this map and those of the other candidates.
    twins : int
        So many further candidates were dropped because their maps are nearly this one.
    """

    number: int
    parameters: Parameters
    labels: NDArray[np.uint8]
    fractions: tuple[float, ...]
    stability: float
    agreement: float
    twins: int

    @property
    def caption(self) -> str:
        """Two lines for a sheet: number of phases and figures; then what the configuration was."""
        values = self.parameters
        shading = f", flattened {values.flatten}" if values.flatten else ""
        smoothing = f", smooth {values.smoothness:g}" if values.smoothness else ""
        refinement = ", refined" if values.refine else ""
        configuration = f"{values.features} x {values.scale:g}{shading}{smoothing}{refinement}"
        return (
            f"k {values.n_phases}   stable {self.stability:.2f}   agrees {self.agreement:.2f}\n"
            f"{'preset default' if is_default(values) else configuration}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return everything but the labels as JSON values."""
        return {
            "number": self.number,
            "stability": self.stability,
            "agreement": self.agreement,
            "twins": self.twins,
            "fractions": list(self.fractions),
            "parameters": self.parameters.to_json(),
        }


@dataclass(frozen=True, eq=False)
class Exploration:
    """The distinct candidates of one image, best agreed on first.

    Attributes
    ----------
    micrograph : Micrograph
        What was explored.
    candidates : tuple of Candidate
        Numbered from 1.
    uncertainty : ndarray of float32, shape (h, w)
        At the micrograph's size: how often two candidates disagree about a pixel, 0 to 1; see `uncertainty_map`.
    n_tried : int
        Candidates before near-duplicates were dropped.
    step : int
        The candidates' labels are those of every pixel in so many, each way.
    """

    micrograph: Micrograph
    candidates: tuple[Candidate, ...]
    uncertainty: NDArray[np.float32]
    n_tried: int
    step: int
