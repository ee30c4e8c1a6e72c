"""Write what was measured: JSON for machines, Markdown for people, a plot of the objective against time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine, describe_threads, describe_versions
from benchmarks.peers import PEERS
from benchmarks.plot import draw_curves
from benchmarks.records import CaseResult, Effort

SCHEMA = 2


def collect(results: Sequence[CaseResult], effort: Effort) -> dict[str, Any]:
    """Put results and their circumstances into one JSON-serialisable record.

    Parameters
    ----------
    results : sequence of CaseResult
    effort : Effort

    Returns
    -------
    dict
        Keys "schema", "effort", "machine", "versions", "threads", "absent" (peers that are not here, and why), "cases".
    """
    return {
        "schema": SCHEMA,
        "effort": asdict(effort),
        "machine": describe_machine(),
        "versions": describe_versions(peer.distribution for peer in PEERS.values()),
        "threads": describe_threads(),
        "absent": [reason for peer in PEERS.values() if (reason := peer.reason_to_skip())],
        "cases": [asdict(result) for result in results],
    }


def write_report(results: Sequence[CaseResult], effort: Effort, folder: Path) -> list[Path]:
    """Write ``results.json``, ``results.md`` and, where there are curves, ``objective.svg`` and ``objective.png``.

    Parameters
    ----------
    results : sequence of CaseResult
    effort : Effort
    folder : Path
        Made where missing.

    Returns
    -------
    list of Path
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = collect(results, effort)
    data, text = folder / "results.json", folder / "results.md"
    data.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    curves = [curve for result in results for curve in result.curves]
    pictures = [folder / "objective.svg", folder / "objective.png"] if curves else []
    if curves:
        draw_curves(curves, pictures)
    text.write_text(format_markdown(record, [picture.name for picture in pictures[:1]]), encoding="utf-8")
    return [data, text, *pictures]


def format_markdown(record: dict[str, Any], pictures: Sequence[str] = ()) -> str:
    """Format a record of `collect` for reading; `pictures` are names of image files beside the text."""
    lines = ["# Benchmarks", "", *describe_circumstances(record)]
    for case in record["cases"]:
        lines += ["", f"## {case['name']}: {case['title']}", "", f"Data: {case['data']}."]
        if case["headlines"]:
            lines += ["", *(f"- {headline}" for headline in case["headlines"])]
        for title, rows in case["tables"].items():
            lines += ["", f"### {title}", "", *format_table(rows)]
        if case["skipped"]:
            lines += ["", "Left out:", "", *(f"- {reason}" for reason in case["skipped"])]
    for picture in pictures:
        lines += ["", f"![Objective against time]({picture})"]
    return "\n".join(lines) + "\n"


def describe_circumstances(record: dict[str, Any]) -> list[str]:
    """Say in lines of Markdown what a run was made on, with what, and who was absent."""
    machine, threads = record["machine"], record["threads"]
    limits = ", ".join(f"{name}={value}" for name, value in threads["limits"].items()) or "none set"
    effort = record["effort"]
    chosen = f", of the peers only {', '.join(effort['peers'])}" if effort["peers"] else ""
    pools = ", ".join(f"{name} {number}" for name, number in threads["pools"].items())
    lines = [
        f"Effort: {effort['name']}{chosen}. Times are medians of warm calls unless a table says otherwise; spread is "
        "(slowest - fastest) / median. Contenders took turns within one run.",
        "",
        f"Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}. "
        f"Threads: nmfcore {threads['nmfcore']}; {pools}. Limits in the environment: {limits}.",
        "",
        "Versions: " + ", ".join(f"{name} {number}" for name, number in record["versions"].items()) + ".",
    ]
    return [*lines, "", "Absent: " + "; ".join(record["absent"]) + "."] if record["absent"] else lines


def format_table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Format rows with equal keys as the lines of a Markdown table."""
    if not rows:
        return ["(no rows)"]
    header = list(rows[0])
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(_format_value(row[key]) for key in header) + " |" for row in rows]


def _format_value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
