"""The report of a batch as one HTML page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined, Template
from numpy.typing import NDArray

from segment.measure import FieldStatistics, PhaseFraction, fields_needed, join_intervals, summarise_fields
from segment.model import FittedModel
from segment.plots import colour_labels, phase_colours, plot_fingerprints, plot_fractions, plot_loss, scale_bar
from segment.report.caveats import find_caveats
from segment.report.embed import png_address, svg_address
from segment.report.field import ReportField

# How the figures of a map without a truth are said.
QUALITY = {
    "relative_error": "relative error of the factorization {:.3f}",
    "dominated": "one phase above 0.7 in {:.1%} of the pixels",
    "isolated": "{:.2%} of the pixels are isolated",
    "largest_cosine": "largest cosine between two components {:.2f}",
}


def render_html(
    fields: Sequence[ReportField],
    model: FittedModel,
    *,
    failures: Sequence[str] = (),
    software: Mapping[str, str] | None = None,
    names: Sequence[str] | None = None,
    colours: NDArray[np.uint8] | None = None,
    created: datetime | None = None,
) -> str:
    """Render the report of a batch: one page that loads nothing else, pictures included.

    It shows what is missing, the phase fractions over the fields with their statistics, every field with its
    calibration and the source of it, and everything needed to do the same again: parameters, versions and digests.

    Parameters
    ----------
    fields : sequence of ReportField
        At least one, all with the model's phases.
    model : FittedModel
        What segmented them.
    failures : sequence of str
        One line for every input that is not among the fields.
    software : mapping of str to str, optional
        Versions to be printed.
    names : sequence of str, optional
        One a phase; None takes the model's.
    colours : ndarray of uint8, shape (k, 3), optional
        RGB of each phase; None takes `segment.plots.phase_colours`.
    created : datetime, optional
        When; None is now.

    Returns
    -------
    str
        HTML5, to be written as UTF-8.

    Raises
    ------
    ValueError
        If there is no field, or one has another number of phases than the model.
    """
    names = tuple(model.names if names is None else names)
    if not fields:
        raise ValueError("fields is empty: a report needs at least one segmented field")
    odd = [item.name for item in fields if len(item.fractions) != len(names)]
    if odd:
        raise ValueError(f"field {odd[0]!r} does not have the {len(names)} phases of the report")
    colours = phase_colours(len(names)) if colours is None else colours
    proportions = np.array([[row.fraction for row in item.fractions] for item in fields])
    statistics = [summarise_fields(column) for column in proportions.T]
    reach = [np.nan if row.ci95 is None else row.ci95 for row in statistics]
    return _template().render(
        created=(created or datetime.now().astimezone()).strftime("%Y-%m-%d %H:%M %Z").strip(),
        caveats=find_caveats(fields, statistics, model, names, failures),
        phases=[
            {
                "name": name,
                "colour": _hex(colour),
                "again": again,
                **_row(row),
                **_known([one.fractions[i] for one in fields]),
            }
            for i, (name, colour, row, again) in enumerate(
                zip(names, colours, statistics, _found_again(model, names), strict=True)
            )
        ],
        has_intervals=all(row.low is not None for item in fields for row in item.fractions),
        n_fields=len(fields),
        fields=[_field(item, names, colours) for item in fields],
        fractions=svg_address(
            plot_fractions(proportions, [item.name for item in fields], names, ci95=reach, colours=colours)
        ),
        fingerprints=svg_address(
            # Of merged phases the model has each member.
            plot_fingerprints(
                model.fingerprints, model.feature_names, names if len(names) == len(model.names) else model.names
            )
        ),
        loss=svg_address(plot_loss({"fit": model.loss_history.tolist()})),
        model=model,
        parameters={**model.parameters.to_json(), "choices": ", ".join(model.parameters.choices) or "none"},
        software=dict(software or {}),
    )


@cache
def _template() -> Template:
    text = files("segment.report").joinpath("report.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(text)


def _found_again(model: FittedModel, names: Sequence[str]) -> list[str]:
    values = None if model.shared is None else model.shared.replicability
    if values is None or len(values) != len(names):
        values = [None] * len(names)
    return ["–" if value is None else f"{value:.2f}" for value in values]


def _row(row: FieldStatistics) -> dict[str, Any]:
    needed = fields_needed(row)
    return {
        "mean": f"{100 * row.mean:.2f}",
        "std": _percent(row.std),
        "ci95": _percent(row.ci95),
        "accuracy": "–" if row.relative_accuracy_percent is None else f"{row.relative_accuracy_percent:.2f}",
        "needed": "–" if needed is None else str(needed),
    }


def _known(rows: Sequence[PhaseFraction]) -> dict[str, str]:
    """Return the intervals of the mean of one phase over fields: of what it is, and of where its boundary is."""
    values = [row.fraction for row in rows]
    found = {}
    for name, low, high in (("meaning", "low", "high"), ("boundary", "boundary_low", "boundary_high")):
        lows, highs = ([getattr(row, end) for row in rows] for end in (low, high))
        if any(end is None for end in (*lows, *highs)):
            return {"meaning": "–", "boundary": "–"}
        ends = np.clip(join_intervals(values, lows, highs), 0, 1)
        found[name] = "{:.1f} – {:.1f}".format(*(100 * ends))
    return found


def _field(item: ReportField, names: Sequence[str], colours: NDArray[np.uint8]) -> dict[str, Any]:
    height, width = item.labels.shape
    edge, top = item.calibration.pixel_size_um, item.band.top
    # The picture may be smaller than the field, and its pixels so much larger.
    bar = None if edge is None else scale_bar(edge * item.shape[1] / width, width)
    return {
        "name": item.name,
        "path": item.path or "array",
        "sha256": item.sha256 or "–",
        "size": f"{item.shape[1]} × {item.shape[0]}",
        "band": "none" if top is None else f"from row {top} ({item.band.source})",
        "pixel_size": "unknown" if edge is None else f"{edge:.5g} µm",
        "source": item.calibration.source,
        "confidence": item.calibration.confidence,
        "fractions": [f"{100 * row.fraction:.2f}" for row in item.fractions],
        "areas": [None if row.area_um2 is None else f"{row.area_um2:.5g}" for row in item.fractions],
        "pixels": [row.pixels for row in item.fractions],
        "flipped": None if item.guidance is None else f"{100 * item.guidance['flipped'] / math.prod(item.shape):.2f}",
        "quality": None if item.quality is None else _quality(item.quality),
        "width": width,
        "height": height,
        "bar": bar,
        "image": png_address(item.image),
        "labels": png_address(colour_labels(item.labels, len(names), colours)),
    }


def _quality(figures: Mapping[str, float | None]) -> str:
    known = {name: value for name, value in figures.items() if value is not None}
    return "; ".join(words.format(known[name]) for name, words in QUALITY.items() if name in known)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.2f}"


def _hex(colour: NDArray[np.uint8]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour.tolist())
