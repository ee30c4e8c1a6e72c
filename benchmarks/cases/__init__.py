"""The named cases. A new case is one file and one line in `CASES`."""

from __future__ import annotations

from benchmarks.cases.app import APP
from benchmarks.cases.case import Case
from benchmarks.cases.imports import IMPORTS
from benchmarks.cases.known_answers import KNOWN_ANSWERS
from benchmarks.cases.memory import MEMORY
from benchmarks.cases.pipeline import PIPELINE
from benchmarks.cases.quality import QUALITY
from benchmarks.cases.tall import TALL

__all__ = ["CASES", "Case"]

CASES: dict[str, Case] = {
    "tall": TALL,
    "pipeline": PIPELINE,
    "memory": MEMORY,
    "import": IMPORTS,
    "known_answers": KNOWN_ANSWERS,
    "quality": QUALITY,
    "app": APP,
}
