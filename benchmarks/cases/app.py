"""What a user of the app waits for, and what it costs the machine to leave it open."""

from __future__ import annotations

from importlib.util import find_spec
from statistics import median

from benchmarks.cases.case import Case
from benchmarks.fresh import call_child, reason_to_skip
from benchmarks.records import CaseResult, Effort

TITLE = "The app: from its start to the first page, from an upload to the map, and memory over many runs"
N_PHASES = 3
SHAPE, RUNS = (703, 1024), 50
SMALL, FEW_RUNS = (128, 160), 3


def run(effort: Effort) -> CaseResult:
    """Start the app in fresh processes, then upload and segment the same image again and again."""
    (height, width), runs = (SHAPE, RUNS) if effort.is_full else (SMALL, FEW_RUNS)
    data = f"a synthetic ductile iron of {width} x {height} pixels above a band, k = {N_PHASES}, {runs} runs"
    if find_spec("fastapi") is None:
        return CaseResult("app", TITLE, data, {}, skipped=("needs FastAPI: pip install 'nmfcore[segment,app]'",))
    if reason := reason_to_skip():
        return CaseResult("app", TITLE, data, {}, skipped=(reason,))
    starts = [call_child("first_page", {}) for _ in range(effort.repeats)]
    answer = call_child("app_runs", {"shape": [height, width], "n_phases": N_PHASES, "runs": runs})
    # The first runs load libraries and fill pools.
    settled = len(answer["page_bytes"]) // 5
    waits = {
        "start to page served": [start["seconds"] for start in starts],
        "of it, CPU of the process that serves": [start["cpu_seconds"] for start in starts],
        "start to first paint in Chromium": [start["painted"] for start in starts if start["painted"] is not None],
        "start to its Segment button": [start["usable"] for start in starts if start["usable"] is not None],
        "upload to map": answer["seconds"],
    }
    timings = [
        {"what": what, "median s": median(seconds), "slowest s": max(seconds), "measured": len(seconds)}
        for what, seconds in waits.items()
        if seconds
    ]
    memory = [
        {
            "process": process,
            "settled MiB": answer[key][settled] / 2**20,
            "at the end MiB": answer[key][-1] / 2**20,
            "growth a run MiB": (answer[key][-1] - answer[key][settled]) / 2**20 / (len(answer[key]) - 1 - settled),
        }
        for process, key in (("page", "page_bytes"), ("worker", "worker_bytes"))
    ]
    medians = {timing["what"]: timing["median s"] for timing in timings}
    shown = next(
        f"{what.removeprefix('start to ')} {medians[what]:.2f} s after the start"
        for what in ("start to first paint in Chromium", "start to page served")
        if what in medians
    )
    headlines = (
        f"{shown}, map {medians['upload to map']:.2f} s after the upload",
        f"{answer['files_left']} temporary files left after {runs} runs",
    )
    return CaseResult("app", TITLE, data, {"Waiting": timings, "Memory": memory}, headlines)


APP = Case(TITLE, run)
