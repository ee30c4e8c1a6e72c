"""What a user knows of the composition of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segment.composition.area_fractions import area_fractions
from segment.composition.prior import SIGMA


@dataclass(frozen=True)
class Composition:
    """Known phase fractions and how to use them: the keyword arguments of `Segmenter.predict`, kept together.

    Attributes
    ----------
    fractions : mapping of str to float, sequence of float, or "auto"
        Of each phase, by name or in phase order; "auto" estimates those of each image from itself.
    densities : mapping of str to float, sequence of float, or None
        With them `fractions` are weight fractions.
    fraction_sigma : float
        Uncertainty of the fractions.
    hard : bool
        Meet them to the pixel.
    strict : bool
        Abstain where they contradict the image.
    """

    fractions: Mapping[str, float] | Sequence[float] | str
    densities: Mapping[str, float] | Sequence[float] | None = None
    fraction_sigma: float = SIGMA
    hard: bool = False
    strict: bool = False

    def check(self, names: Sequence[str]) -> None:
        """Check the fractions and densities before any image is looked at.

        Parameters
        ----------
        names : sequence of str
            Name of every phase.

        Raises
        ------
        ValueError
            If they are not those of a mixture of phases of these names.
        """
        if isinstance(self.fractions, str):
            if self.fractions != "auto":
                raise ValueError(f"fractions must be numbers or 'auto', got {self.fractions!r}")
            if self.densities is not None or self.hard or self.strict:
                raise ValueError("fractions: densities, hard and strict need known ones, got 'auto'")
            return
        area_fractions(self.fractions, names, densities=self.densities)

    def to_json(self) -> dict[str, Any]:
        """Return the arguments as JSON values."""
        return {
            "fractions": self.fractions if isinstance(self.fractions, str) else _plain(self.fractions),
            "densities": None if self.densities is None else _plain(self.densities),
            "fraction_sigma": self.fraction_sigma,
            "hard": self.hard,
            "strict": self.strict,
        }


def _plain(values: Mapping[str, float] | Sequence[float]) -> dict[str, float] | list[float]:
    if isinstance(values, Mapping):
        return {str(name): float(value) for name, value in values.items()}
    return [float(value) for value in values]
