"""How much weight the user's fractions have beside the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segment.composition.conflict import overridden_evidence

SIGMA = 0.05
# The gate opens in proportion to the user's certainty; a prior that contradicts the image passes through a narrow one.
OPENING = 0.3
CAUTIOUS = 0.5
# Evidence that another naming of the same fractions would keep, and all that is overridden: more contradicts.
MISNAMED = 0.3
OVERRULED = 0.75
# Phases that are learned anew may well differ from the unguided ones, whose evidence this is: they are only misnamed
# where another naming would keep more than this, or would override next to nothing.
MISNAMED_ANEW = 0.7
FITTING = 0.05


class CompositionWarning(UserWarning):
    """The given composition contradicts the image, or the phases have no contrast in the image."""


@dataclass(frozen=True)
class Prior:
    """How fractions are to be met.

    Attributes
    ----------
    sigma : float
        Uncertainty of the fractions, above 0.
    hard : bool
        Meet them to the pixel.
    gate : "auto" or float
        Confidence from which a pixel keeps its label, above 0; see `guide`.
    strict : bool
        Abstain where they contradict the image.

    Raises
    ------
    ValueError
        If `sigma` or `gate` is out of its range.
    """

    sigma: float = SIGMA
    hard: bool = False
    gate: float | str = "auto"
    strict: bool = False

    def __post_init__(self) -> None:
        if not (np.isfinite(self.sigma) and self.sigma > 0):
            raise ValueError(f"sigma must be above 0 (use hard=True for exact fractions), got {self.sigma}")
        if self.gate != "auto" and not (isinstance(self.gate, (int, float)) and self.gate > 0):
            raise ValueError(f"gate must be 'auto' or a number above 0, got {self.gate!r}")

    def conflict(self, scores: NDArray[np.float32], target: NDArray[np.float64]) -> tuple[float, float]:
        """Return the fraction of evidence that is overridden, and how much less it would be under another naming."""
        given, best = overridden_evidence(scores, target, self.sigma)
        return given, given - best

    def contradicts(self, conflict: float, misnaming: float, is_blurred: bool | None = None) -> bool:
        """Say whether so much conflict contradicts; where phases were learned anew, whether being blurred does."""
        if is_blurred is None:
            return misnaming > MISNAMED or conflict > OVERRULED
        is_other = misnaming > MISNAMED and conflict - misnaming < FITTING
        return is_other or misnaming > MISNAMED_ANEW or is_blurred

    def abstains(self, is_blurred: bool | None) -> bool:
        """Say whether a contradiction leaves the labels unguided: if so asked, or if learning did not end it."""
        return self.strict or (is_blurred is not None and not self.hard)

    def learns(self, target: NDArray[np.float64]) -> bool:
        """Say whether phases are learned anew: not with a map, nor where a gate is to keep what was learned."""
        return target.ndim == 1 and int(np.count_nonzero(target)) > 1 and isinstance(self.gate, str)

    def confidence(self, contradicts: bool) -> float:
        """Return the confidence from which pixels keep their labels; infinite where all may flip."""
        if self.hard:
            return np.inf
        if isinstance(self.gate, str):
            return min(CAUTIOUS, OPENING / self.sigma) if contradicts else OPENING / self.sigma
        return float(self.gate)
