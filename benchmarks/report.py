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
from benchmarks.records import CaseResult, Curve, Effort

SCHEMA = 2
DATA, TEXT, PICTURE = "results.json", "results.md", "objective.svg"
# Results are put together only where these agree; what pools of threads there are depends on the libraries loaded.
CIRCUMSTANCES = {
    "effort": "another effort",
    "machine": "another machine",
    "versions": "other versions",
    "threads": "other threads",
}


def start_record(effort: Effort) -> dict[str, Any]:
    """Describe the circumstances of a run that has measured nothing yet.

    Parameters
    ----------
    effort : Effort

    Returns
    -------
    dict
        JSON-serialisable; keys "schema", "effort", "machine", "versions", "threads", "absent" (peers that are not here,
        and why), "cases".
    """
    record = {
        "schema": SCHEMA,
        "effort": asdict(effort),
        "machine": describe_machine(),
        "versions": describe_versions(peer.distribution for peer in PEERS.values()),
        "threads": describe_threads(),
        "absent": [reason for peer in PEERS.values() if (reason := peer.reason_to_skip())],
        "cases": [],
    }
    return json.loads(json.dumps(record))


def read_record(path: Path) -> dict[str, Any]:
    """Read a record that `add_result` has written.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        As of `start_record`.

    Raises
    ------
    ValueError
        The file is not a record of this version of the benchmarks.
    OSError
        It cannot be read.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name} is not JSON: {error}") from None
    found = record.get("schema") if isinstance(record, dict) else None
    if found != SCHEMA:
        raise ValueError(f"{path.name} has schema {found!r}, this version writes and reads {SCHEMA}")
    return record


def continue_record(record: dict[str, Any], folder: Path) -> None:
    """Take over the cases that a folder has already, where they were measured in the same circumstances.

    Parameters
    ----------
    record : dict
        As of `start_record`; changed in place.
    folder : Path
        Without a ``results.json`` nothing changes.

    Raises
    ------
    ValueError
        The file there is not a record of this version, or was measured with another effort, on another machine, with
        other versions or with another number of threads.
    OSError
        It cannot be read.
    """
    path = folder / DATA
    if not path.exists():
        return
    earlier = read_record(path)
    for what, other in CIRCUMSTANCES.items():
        now, then = record[what], earlier[what]
        differing = [key for key in {**then, **now} if key != "pools" and then.get(key) != now.get(key)]
        if differing:
            words = ", ".join(f"{key} {then.get(key)} (now {now.get(key)})" for key in differing)
            raise ValueError(
                f"{path.name} there was measured with {other}: {words}; choose another folder, or run all cases"
            )
    record["threads"]["pools"] |= earlier["threads"]["pools"]
    record["cases"] = earlier["cases"]


def add_result(record: dict[str, Any], result: CaseResult, order: Sequence[str], folder: Path) -> Path:
    """Put the result of a case into a record and write ``results.json``.

    Parameters
    ----------
    record : dict
        As of `start_record`; changed in place: the result takes the place of an earlier one of that case.
    result : CaseResult
    order : sequence of str
        Names of cases, as they are to be listed.
    folder : Path

    Returns
    -------
    Path
        The file written.
    """
    cases = {case["name"]: case for case in record["cases"]} | {result.name: json.loads(json.dumps(asdict(result)))}
    ranks = {name: rank for rank, name in enumerate(order)}
    record["cases"] = sorted(cases.values(), key=lambda case: ranks.get(case["name"], len(ranks)))
    # Libraries that the case has loaded bring pools of their own.
    record["threads"]["pools"] |= describe_threads()["pools"]
    data = folder / DATA
    whole = data.with_suffix(".part")
    whole.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    # An interruption leaves the old file or the new one, never half of one.
    return whole.replace(data)


def write_pages(record: dict[str, Any], folder: Path) -> list[Path]:
    """Write ``results.md`` and, where there are curves, ``objective.svg``.

    Parameters
    ----------
    record : dict
        As of `start_record`.
    folder : Path

    Returns
    -------
    list of Path
        The files written.
    """
    text, picture = folder / TEXT, folder / PICTURE
    curves = [Curve(**curve) for case in record["cases"] for curve in case["curves"]]
    if curves:
        draw_curves(curves, picture)
    else:
        picture.unlink(missing_ok=True)
    text.write_text(format_markdown(record, [picture.name] if curves else []), encoding="utf-8")
    return [text, picture] if curves else [text]


def format_markdown(record: dict[str, Any], pictures: Sequence[str] = ()) -> str:
    """Format a record of `start_record` for reading; `pictures` are names of image files beside the text."""
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
