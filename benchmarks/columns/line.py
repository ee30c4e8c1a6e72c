"""One line of the table: a figure beside its target."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Line:
    """A figure and what it must reach.

    Attributes
    ----------
    number, what : str
        Number of the line in the table, and what was measured.
    figure, target : float
    is_least : bool
        The target is the least figure that will do; else the largest.
    baseline : str
        What a simple way reaches, in words.
    """

    number: str
    what: str
    figure: float
    target: float
    is_least: bool = True
    baseline: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the figure, rounded as it is printed, reaches the target."""
        figure = round(self.figure, 3)
        return math.isfinite(figure) and (figure >= self.target if self.is_least else figure <= self.target)

    def row(self) -> dict[str, Any]:
        """Return the line as a row of a table."""
        sign = "at least" if self.is_least else "at most"
        return {
            "line": self.number,
            "figure of": self.what,
            "figure": round(self.figure, 3) if math.isfinite(self.figure) else str(self.figure),
            "target": f"{sign} {self.target:g}",
            "verdict": "met" if self.is_met else "falls short",
            "baseline": self.baseline or "nobody",
        }
