"""Coverage and width of the intervals of area fractions, on every labelled set, calibrated on the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.cases.case import Case
from benchmarks.quality import load_sets
from benchmarks.quality.coverage import (
    Coverage,
    Estimate,
    Rule,
    by_agreeing,
    by_constant,
    by_deviation,
    by_dictionaries,
    by_quantiles,
    calibrate,
    estimate_alone,
    estimate_taught,
    leave_out,
)
from benchmarks.records import CaseResult, Effort

TITLE = "Intervals of area fractions at nominal 90 %, each material left out of the calibration"
N_IMAGES, SETS = 8, ("metaldam", "uhcs", "superalloy", "ebc", "precipitates")
ALONE: dict[str, Rule] = {
    "image alone, what the phase is": by_quantiles,
    "same, mean of the maps, deviations + 2 points": by_deviation,
    "same, constant": by_constant,
}
AGREED: dict[str, Rule] = {
    "phases recognised, where the boundary is": by_agreeing,
    "same phases, constant": by_constant,
}
TAUGHT: dict[str, Rule] = {"two strokes a phase": by_dictionaries, "same strokes, constant": by_constant}


def run(effort: Effort) -> CaseResult:
    """Estimate the fractions of every micrograph, and see how often their intervals hold the true ones."""
    sets, description = load_sets(N_IMAGES) if effort.is_full else load_sets(1, effort.crop, most_sets=2)
    if effort.is_full:
        sets = {name: items for name, items in sets.items() if name in SETS} or sets
    alone = [one for name, items in sets.items() for item in items for one in estimate_alone(name, item)]
    taught = [one for name, items in sets.items() for item in items for one in estimate_taught(name, item)]
    agreed = [one for one in alone if one.is_same]
    rows: list[dict[str, Any]] = []
    headlines = []
    for rules, estimates in ((ALONE, alone), (AGREED, agreed), (TAUGHT, taught)):
        for name, rule in rules.items():
            found = leave_out(estimates, rule, list(sets))
            rows += [_row(name, one) for one in found]
            headlines.append(_headline(name, found, estimates, rule))
    return CaseResult("intervals", TITLE, description, {"Coverage and width": rows}, tuple(headlines))


def _row(name: str, one: Coverage) -> dict[str, Any]:
    return {
        "interval": name,
        "set": one.set_name,
        "fractions": one.n,
        "coverage": one.coverage,
        "width, points": 100 * one.width,
        "added": one.factor,
    }


def _headline(name: str, found: Sequence[Coverage], estimates: Sequence[Estimate], rule: Rule) -> str:
    if not found:
        return f"{name}: nothing to measure"
    counts = np.array([one.n for one in found])
    coverage, width = (
        np.average([getattr(one, what) for one in found], weights=counts) for what in ("coverage", "width")
    )
    return (
        f"{name}: coverage {coverage:.3f}, least of a set {min(one.coverage for one in found):.2f}, mean width "
        f"{100 * width:.1f} points; by all sets together {calibrate(estimates, rule):.3f} is added"
    )


INTERVALS = Case(TITLE, run)
