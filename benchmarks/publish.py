"""Write ``docs/benchmarks`` from the JSON of a run: nothing on that page is written by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.cases.contested import CONTENDERS, MATRICES
from benchmarks.report import PICTURE, describe_circumstances, format_table, read_record
from benchmarks.verdict import matrices, wins

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "benchmarks"
# Of the columns of a contender, those that fit on a page; the JSON has all.
SHOWN = (
    "matrix",
    "k",
    "loss function",
    "peer",
    "seconds",
    "spread",
    "iterations",
    "capped",
    "relative loss",
    "s to our loss",
    "reaches our loss",
    "our s to its loss",
    "we reach its loss",
)
# Cases about what label maps and factors are worth have pages of their own.
ELSEWHERE = ("known_answers", "quality")


def publish(results: Path, folder: Path = FOLDER) -> list[Path]:
    """Write the page, and put the JSON and the plot of the run beside it.

    Parameters
    ----------
    results : Path
        A ``results.json``, with ``objective.svg`` beside it where the run drew curves.
    folder : Path, default: docs/benchmarks

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ValueError
        The file is not a record of this version of the benchmarks.
    OSError
        A file cannot be read or written.
    """
    record = read_record(results)
    folder.mkdir(parents=True, exist_ok=True)
    page, data, picture = folder / "index.md", folder / "results.json", folder / PICTURE
    written = [page, data]
    data.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")
    drawn = results.parent / PICTURE
    if drawn.is_file():
        if drawn.resolve() != picture.resolve():
            shutil.copyfile(drawn, picture)
        written.append(picture)
    page.write_text(format_page(record, drawn.is_file()), encoding="utf-8")
    return written


def format_page(record: dict[str, Any], has_picture: bool) -> str:
    """Format a record of `benchmarks.report.start_record` as the page of the documentation."""
    cases = [case for case in record["cases"] if case["name"] not in ELSEWHERE]
    lines = [
        "# Benchmarks",
        "",
        "Written by `python -m benchmarks --publish` from [results.json](results.json), which has every figure of the "
        "run; [how to run it, and how each figure is measured](../how-to/run-the-benchmarks.md).",
        "",
        *describe_circumstances(record),
        "",
        "## Where a peer wins",
        "",
        *_lost(cases),
        "",
        "## Every matrix",
        "",
        "`speed-up`: the time of the better of scikit-learn's solvers over nmfcore's, whole calls, each with its own "
        "stopping rule; at least that where it was cut short (`capped`). `to its loss`: the same call of scikit-learn "
        "over nmfcore with the fewest iterations after which its loss is not above scikit-learn's; both from their "
        "initialisation on. `to equal loss`: the time of the peer that "
        "was soonest at nmfcore's loss over nmfcore's; where none came down to it, of the longest call that did not. "
        "`relative loss`: over that of W = 0 (Frobenius) or of the mean of X.",
        "",
        *format_table([row for case in cases for row in case["tables"].get(MATRICES, [])]),
    ]
    for case in cases:
        lines += ["", f"## {case['title']}", "", f"Data: {case['data']}. The case took {case['seconds']:.0f} s."]
        if case["headlines"]:
            lines += ["", *(f"- {headline}" for headline in case["headlines"])]
        for title, rows in case["tables"].items():
            if title == CONTENDERS:
                rows = [{key: row[key] for key in SHOWN} for row in rows]
            if title != MATRICES:
                lines += ["", f"### {title}", "", *format_table(rows)]
        if case["skipped"]:
            lines += ["", "Left out:", "", *(f"- {reason}" for reason in case["skipped"])]
    if has_picture:
        lines += ["", "## Objective against time", "", f"![Objective against time, one panel a matrix]({PICTURE})"]
    return "\n".join(lines) + "\n"


def _lost(cases: Sequence[dict[str, Any]]) -> Iterator[str]:
    """List every win of a peer, or say that there is none among how many comparisons."""
    groups = [group for case in cases for group in matrices(case["tables"].get(CONTENDERS, []))]
    lost = [text for group in groups for text in wins(group)]
    yield f"{len(groups)} matrices, {sum(len(group) for group in groups)} contenders; wins of a peer: {len(lost)}."
    if lost:
        yield ""
        yield from (f"- {text}" for text in lost)
