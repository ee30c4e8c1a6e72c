"""What is remembered of a choice of features that was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from segment.composition.relearning import LEEWAY

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Chosen:
    """A choice of features that was made, and why.

    Attributes
    ----------
    name : str
        Of the choice, a key of `segment.model.choices.CHOICES` where this version still has it.
    figures : mapping of str to float
        What the choice looks at, over the training images.
    reason : str
        Why it was made, for people: half a sentence.
    caveat : str
        What to bear in mind of a map by these features, a sentence; empty for none.
    leeway : float
        See `segment.composition.guide`.
    """

    name: str
    figures: Figures
    reason: str
    caveat: str = ""
    leeway: float = LEEWAY

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return asdict(self)


def from_json(record: dict[str, Any]) -> Chosen:
    """Return what `Chosen.to_json` described; ValueError, KeyError or TypeError if it is not that."""
    figures = {str(name): float(value) for name, value in record["figures"].items()}
    leeway = float(record["leeway"])
    if not all(map(isfinite, [leeway, *figures.values()])):
        raise ValueError(f"the figures of the choice {record['name']!r} are not finite")
    return Chosen(str(record["name"]), figures, str(record["reason"]), str(record["caveat"]), leeway)
