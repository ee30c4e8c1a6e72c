"""Time to import the engine beside scikit-learn's decompositions."""

from __future__ import annotations

from typing import Any

from benchmarks.cases.case import Case
from benchmarks.fresh import call_child
from benchmarks.records import CaseResult, Effort, Timing

TITLE = "Time to import nmfcore and sklearn.decomposition, in fresh processes"
MODULES = ("nmfcore", "sklearn.decomposition")


def run(effort: Effort) -> CaseResult:
    """Import each in turn in its own process; one unmeasured round first fills the disk cache."""
    answers: dict[str, list[dict[str, Any]]] = {module: [] for module in MODULES}
    for turn in range(effort.imports + 1):
        for module in MODULES if turn % 2 else reversed(MODULES):
            answer = call_child("time_import", {"module": module})
            if turn:
                answers[module].append(answer)
    rows = []
    for module, measured in answers.items():
        timing = Timing(tuple(answer["seconds"] for answer in measured))
        rows.append(
            {
                "module": module,
                "seconds": timing.median,
                "spread": timing.spread,
                "processes": len(measured),
                "modules imported": measured[0]["modules"],
            }
        )
    ratio = rows[0]["seconds"] / rows[1]["seconds"]
    headline = f"import nmfcore takes {ratio:.2f} times as long as import sklearn.decomposition"
    return CaseResult(
        "import", TITLE, f"{effort.imports} fresh processes each, in turn", {"Imports": rows}, (headline,)
    )


IMPORTS = Case(TITLE, run)
