"""Grains, inclusions and anomalies against known answers and other programs' results."""

from __future__ import annotations

from benchmarks.cases.case import Case
from benchmarks.metallography import measure_anomalies, measure_boundaries, measure_inclusions, measure_sizes
from benchmarks.records import CaseResult, Effort
from benchmarks.targets import judge

TITLE = "Grain size, inclusions and anomalies against known answers, each with its target"
DATA = "published sets in the folder that NMFCORE_DATA or --data names, and structures of known size"


def run(effort: Effort) -> CaseResult:
    """Measure every line; sets that are absent are named and skipped."""
    skipped: list[str] = []
    figures = [
        *measure_sizes(1000 if effort.is_full else 40, skipped),
        *measure_boundaries(1 if effort.is_full else 16, skipped),
        *measure_inclusions(1 if effort.is_full else 16, skipped),
        *measure_anomalies(6 if effort.is_full else 1, skipped),
    ]
    return judge("grains", TITLE, DATA, sorted(figures, key=lambda item: item.line), tuple(dict.fromkeys(skipped)))


GRAINS = Case(TITLE, run)
