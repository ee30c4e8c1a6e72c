"""What a user waits for who starts Python and factorises something small."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from benchmarks.cases.case import Case
from benchmarks.fresh import EMPTY, FILLED, ask_each, measure_first_fits
from benchmarks.peers import PEERS, SUBJECT
from benchmarks.records import CaseResult, Effort

TITLE = "Import and a first small fit in a fresh process, without and with compiled kernels on disk"
COMPONENTS = 5
ROWS = 500


def run(effort: Effort) -> CaseResult:
    """Let every peer fit 500 digits in a fresh process; in a full run nmfcore in one more before, to compile."""
    X = load_digits().data[:ROWS].astype(np.float32)

    def measure(name: str) -> list[dict[str, Any]]:
        # Others compile nothing, so that their first process is as good as a second.
        compiles = name == SUBJECT and effort.is_full
        return measure_first_fits(name, X, COMPONENTS, (EMPTY, FILLED) if compiles else (FILLED,), compiles)

    rows, skipped = ask_each(effort, measure)
    second = [row for row in rows if row["process"] == FILLED]
    total = {row["peer"]: row["import s"] + row["first fit s"] for row in second}
    others = {name: seconds for name, seconds in total.items() if name != SUBJECT}
    headlines = [f"second process: import and first fit take {total[SUBJECT]:.2f} s with nmfcore"]
    if others:
        quickest = min(others, key=lambda name: others[name])
        headlines.append(f"the quickest other peer is {PEERS[quickest].title} with {others[quickest]:.2f} s")
    data = f"{ROWS} of scikit-learn's digits, k = {COMPONENTS}, float32"
    return CaseResult("cold_start", TITLE, data, {"First calls": rows}, tuple(headlines), skipped=tuple(skipped))


COLD_START = Case(TITLE, run)
