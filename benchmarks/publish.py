"""Write ``docs/benchmarks`` from the JSON of a run: nothing on its pages is written by hand."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.cases.contested import CONTENDERS, MATRICES
from benchmarks.report import PICTURE, describe_circumstances, format_table, read_record
from benchmarks.verdict import compare_with_best, matrices, wins

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "benchmarks"
PAGE, APPENDIX = "index.md", "appendix.md"
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
    """Write the page and its appendix, and put the JSON and the plot of the run beside them.

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
    page, appendix, data, picture = (folder / name for name in (PAGE, APPENDIX, "results.json", PICTURE))
    written = [page, appendix, data]
    data.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")
    drawn = results.parent / PICTURE
    if drawn.is_file():
        if drawn.resolve() != picture.resolve():
            shutil.copyfile(drawn, picture)
        written.append(picture)
    # A case that measured nothing has nothing to show.
    cases = [case for case in record["cases"] if case["name"] not in ELSEWHERE and case["tables"]]
    page.write_text(format_page(record, cases), encoding="utf-8")
    appendix.write_text(format_appendix(record, cases, drawn.is_file()), encoding="utf-8")
    return written


def format_page(record: dict[str, Any], cases: Sequence[dict[str, Any]]) -> str:
    """Format the contests of `cases` as the page of the documentation: one table, a line for each matrix."""
    contests = [group for case in cases for group in matrices(case["tables"].get(CONTENDERS, []))]
    machine = record["machine"]
    lines = [
        "# Benchmarks",
        "",
        "How long nmfcore and the best of the other packages take to factorise the same matrix, and which of them ends "
        f"at the lower loss. Measured on one machine ({machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, {machine['system']}); other machines give other figures.",
        "",
        "- *best peer*: the package that ends at the lowest loss, or the quickest of those within 0.01 % of that loss.",
        "- *ratio*: the time of the best peer over that of nmfcore, whole calls, each with its own stopping rule; "
        "above 1, nmfcore is faster. A call that was cut short is marked *cut short*: its ratio is a lower bound.",
        "- *loss*: the final loss of nmfcore over that of the best peer, minus one; below 0, nmfcore fits better.",
        "- *spread*: (slowest - fastest) / median of repeated calls, the larger one of the two. Where it is above 1 "
        "the row is marked *wide*: do not trust its ratio to better than the spread. A call made once has no spread.",
        "- *faster peers*: every package whose call ends before nmfcore's, with the loss that it ends at beside ours.",
        "",
        *format_table([_line(group) for group in contests]),
        "",
        "## Where a peer wins",
        "",
        "A peer wins where it comes to nmfcore's loss in less time, or ends at a loss that is lower by more than "
        "0.01 % and that nmfcore, given more iterations, does not reach in the time of the peer.",
        "",
        *_lost(contests),
        "",
        "## More",
        "",
        f"- [Appendix]({APPENDIX}): every contender, scaling, memory, first calls, pipelines, the versions of all "
        "packages, and the objective against time",
        "- [How each figure is measured, and how to measure it again](../how-to/run-the-benchmarks.md)",
        "- [results.json](results.json): every figure of the run",
        "",
        "Written by `python -m benchmarks --publish` from results.json.",
    ]
    return "\n".join(lines) + "\n"


def format_appendix(record: dict[str, Any], cases: Sequence[dict[str, Any]], has_picture: bool) -> str:
    """Format everything that `cases` measured as the appendix of the page."""
    lines = [
        "# Appendix to the benchmarks",
        "",
        f"What stands behind the [table of all matrices]({PAGE}). Written by `python -m benchmarks --publish` from "
        "[results.json](results.json).",
        "",
        *describe_circumstances(record),
        "",
        "## nmfcore beside scikit-learn",
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


def _line(contest: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Sum up the contenders for one matrix in a line of the table."""
    found = compare_with_best(contest)
    line = {
        "matrix": found.matrix,
        "k": str(found.k),
        "loss function": found.loss_function,
        "nmfcore": f"{found.seconds:.3g} s",
    }
    if found.best is None:
        return line | {
            "best peer": "none took part",
            "ratio": "",
            "loss": "",
            "spread": _spread(found.spread),
            "faster peers": "",
        }
    ratio = f"{found.ratio:.3g}"
    columns = re.search(r" x (\d[\d,]*)", found.matrix)
    if columns is not None and int(columns[1].replace(",", "")) == found.k:
        ratio = "none: k is the number of features, and W = X is an answer"
    elif found.is_cut_short:
        ratio += " (cut short)"
    faster = "; ".join(f"{peer}, {seconds:.3g} s, loss {_percent(excess)}" for peer, seconds, excess in found.faster)
    return line | {
        "best peer": f"{found.best}, {found.best_seconds:.3g} s",
        "ratio": ratio,
        "loss": _percent(found.excess),
        "spread": _spread(found.spread),
        "faster peers": faster or "none",
    }


def _spread(spread: float) -> str:
    return f"{spread:.2g}, wide" if spread > 1 else f"{spread:.2g}"


def _percent(excess: float) -> str:
    if abs(excess) >= 1:
        return f"{1 + excess:.2g} times"
    return f"{100 * excess:+.0f} %" if abs(excess) >= 0.1 else f"{100 * excess:+.2g} %"


def _lost(contests: Sequence[Sequence[dict[str, Any]]]) -> Iterator[str]:
    """List every win of a peer, or say that there is none among how many comparisons."""
    lost = [text for contest in contests for text in wins(contest)]
    contenders = sum(len(contest) for contest in contests)
    yield f"{len(contests)} matrices, {contenders} contenders; wins of a peer: {len(lost)}."
    if lost:
        yield ""
        yield from (f"- {text}" for text in lost)
