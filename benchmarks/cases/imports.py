"""Time to import the engine beside scikit-learn's decompositions."""

from __future__ import annotations

from typing import Any

from benchmarks.cases.case import Case
from benchmarks.fresh import call_child
from benchmarks.records import CaseResult, Effort, Timing

TITLE = "Time to import nmfcore, and its NMF, beside sklearn.decomposition, in fresh processes"
# nmfcore loads a module when a name of it is first used, so the bare import alone would flatter it.
STATEMENTS: dict[str, dict[str, str]] = {
    "import nmfcore": {"module": "nmfcore"},
    "from nmfcore import NMF": {"module": "nmfcore", "name": "NMF"},
    "import sklearn.decomposition": {"module": "sklearn.decomposition"},
}


def run(effort: Effort) -> CaseResult:
    """Run each statement in turn in its own process; one unmeasured round first fills the disk cache."""
    answers: dict[str, list[dict[str, Any]]] = {statement: [] for statement in STATEMENTS}
    for turn in range(effort.repeats + 1):
        for statement in STATEMENTS if turn % 2 else reversed(STATEMENTS):
            answer = call_child("time_import", STATEMENTS[statement])
            if turn:
                answers[statement].append(answer)
    rows = []
    for statement, measured in answers.items():
        timing = Timing(tuple(answer["seconds"] for answer in measured))
        rows.append(
            {
                "statement": statement,
                "seconds": timing.median,
                "spread": timing.spread,
                "processes": len(measured),
                "modules imported": measured[0]["modules"],
            }
        )
    bare, with_name, reference = (row["seconds"] for row in rows)
    headlines = (
        f"import nmfcore takes {bare / reference:.2f} times as long as import sklearn.decomposition",
        f"from nmfcore import NMF takes {with_name / reference:.2f} times as long",
    )
    return CaseResult("import", TITLE, f"{effort.repeats} fresh processes each, in turn", {"Imports": rows}, headlines)


IMPORTS = Case(TITLE, run)
