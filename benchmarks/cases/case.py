"""What a case is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.records import CaseResult, Effort


@dataclass(frozen=True)
class Case:
    """A named measurement.

    Attributes
    ----------
    title : str
        One line, shown by ``--list`` and above the tables.
    run : callable
        ``run(effort) -> CaseResult``.
    """

    title: str
    run: Callable[[Effort], CaseResult]
