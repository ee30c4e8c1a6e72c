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
    return _template().render(record=record, events=shown, n_events=len(events), pictures=addresses)


@cache
def _template() -> Template:
    text = files("segment.report").joinpath("series.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = lambda value: "–" if value is None else f"{value:.4g}"
    return environment.from_string(text)
