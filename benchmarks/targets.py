"""Figures that must be reached, each beside its target and what others reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.records import CaseResult

TABLE = "Targets"


@dataclass(frozen=True)
class Figure:
    """One figure and its target.

    Attributes
    ----------
    line : str
        Short name of the line, e.g. ``"B4"``.
    what : str
        What was measured, and on what.
    found : float
    least, most : float or None
        Bounds, both included; None: none on that side.
    baseline : str
        What other programs or simple ways reach.
    """

    line: str
    what: str
    found: float
    least: float | None = None
    most: float | None = None
    baseline: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the figure lies within its bounds; one that is not a number does not."""
        return (self.least is None or self.found >= self.least) and (self.most is None or self.found <= self.most)

    @property
    def target(self) -> str:
        """The bounds in words."""
        if self.least is not None and self.most is not None:
            return f"{self.least:g}" if self.least == self.most else f"{self.least:g} to {self.most:g}"
        return f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}" if self.most is not None else ""


def judge(name: str, title: str, data: str, figures: Sequence[Figure], skipped: Sequence[str] = ()) -> CaseResult:
    """Put figures and verdicts into the result of a case.

    Parameters
    ----------
    name, title, data : str
        Of the case.
    figures : sequence of Figure
    skipped : sequence of str
        What was left out, and why.

    Returns
    -------
    CaseResult
        With a table "Targets", a headline for each figure, and the lines that fall short in `missed`.
    """
    rows: list[dict[str, Any]] = [
        {
            "line": figure.line,
            "figure": figure.what,
            "found": figure.found,
            "target": figure.target,
            "others": figure.baseline,
            "verdict": "met" if figure.is_met else "falls short",
        }
        for figure in figures
    ]
    lines = tuple(
        f"{row['line']:4} {row['verdict']:11} {row['figure']}: {row['found']:.4g}, target {row['target']}"
        + (f"; others {row['others']}" if row["others"] else "")
        for row in rows
    )
    missed = tuple(line for line, figure in zip(lines, figures, strict=True) if not figure.is_met)
    return CaseResult(name, title, data, {TABLE: rows} if rows else {}, lines, skipped=tuple(skipped), missed=missed)
