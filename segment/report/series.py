"""The report of a film: one HTML page that loads nothing else."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from segment.records import Table
from segment.report.measurements import ReportTable

# Events that the table lists; all are in events.csv.
LISTED = 200


def render_series(record: Mapping[str, Any], events: Table, pictures: Mapping[str, Path]) -> str:
    """Render what was found in a film.

    Parameters
    ----------
    record : mapping
        The content of ``series.json``.
    events : Table
        As `segment.series.find_events` returns it.
    pictures : mapping of str to Path
        PNG files: ``drift``, ``growth``, and where there are such ``ripening`` and ``events``.

    Returns
    -------
    str
        HTML5, to be written as UTF-8.
    """
    shown = [row for row in events.rows() if row["event"] in ("merge", "split", "death", "birth")][:LISTED]
    addresses = {
        name: "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
        for name, path in pictures.items()
    }
    figures = series_figures(record)
    return _template().render(record=record, figures=figures, events=shown, n_events=len(events), pictures=addresses)


def series_figures(record: Mapping[str, Any]) -> tuple[ReportTable, ...]:
    """Return what was found in a film as tables.

    Parameters
    ----------
    record : mapping
        The content of ``series.json``.

    Returns
    -------
    tuple of ReportTable
        Growth and events, drift and the area that was measured, and the bad frames where there are any.
    """
    law, moved, drift, area = record["law"], record["volume_moved"], record["drift"], record["common_area"]
    within = "" if not moved["ci95"] else f" ({_percent(moved['ci95'][0])} to {_percent(moved['ci95'][1])})"
    judge = drift["objects_judge"]
    found = (
        ("objects in the first and last frame", f"{record['objects']['first']} → {record['objects']['last']}"),
        (
            "<r>³ = r₀³ + K t: K",
            f"{_number(law['rate'])} ± {_number(law['ci95'])} ({law['verdict']}; at least {law['n_least']} objects a "
            "frame)",
        ),
        ("skewness of r / <r> (LSW: −0.92)", _number(law["skewness"])),
        ("volume moved by coalescence", f"{_percent(moved['share'])}{within}: {moved['verdict']}"),
        ("events", ", ".join(f"{count} {kind}" for kind, count in record["events"].items()) or "none"),
    )
    jumps = ", ".join(f"{jump['name']} ({_number(jump['length'])} px)" for jump in drift["jumps"]) or "none"
    moves = (
        ("jumps", jumps),
        (
            f"residual, judged by objects {judge['lag']} frames apart",
            f"{_number(judge['residual_px'])} px (95 %: {_number(judge['residual_p95_px'])} px)",
        ),
        ("objects found again", _percent(judge["found_again"])),
        ("common area", f"{area['width']} × {area['height']} px; {_percent(area['lost'])} of a frame lies outside"),
    )
    tables = [
        ReportTable("What was found", ("figure", "value"), found),
        ReportTable("Drift", ("figure", "value"), moves),
    ]
    bad = tuple((frame["name"], frame["fault"], frame["reason"]) for frame in record["bad_frames"])
    if bad:
        tables.append(ReportTable("Bad frames", ("frame", "fault", "found"), bad))
    return tuple(tables)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.3g} %"


@cache
def _template() -> Template:
    text = files("segment.report").joinpath("series.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = _number
    return environment.from_string(text)
