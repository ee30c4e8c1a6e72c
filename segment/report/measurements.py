"""Measurements of one material as one HTML page: tables, pictures, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

import cv2
import numpy as np
from jinja2 import Environment, StrictUndefined, Template
from numpy.typing import NDArray

from segment.report.embed import png_address

WIDEST = 900


@dataclass(frozen=True)
class ReportTable:
    """One table of the page.

    Attributes
    ----------
    title : str
    columns : tuple of str
    rows : tuple of tuple of str
        As long as `columns`.
    note : str
        What is said below it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def render_measurements(
    title: str,
    tables: Sequence[ReportTable],
    pictures: Sequence[tuple[str, NDArray[np.uint8]]],
    *,
    caveats: Sequence[str] = (),
    version: str = "",
    created: datetime | None = None,
) -> str:
    """Render measurements as one page that loads nothing else.

    Parameters
    ----------
    title : str
    tables : sequence of ReportTable
    pictures : sequence of (str, ndarray of uint8)
        Caption, and grey or RGB pixels; wide ones are made smaller.
    caveats : sequence of str
        What is missing or doubtful, shown first.
    version : str, default ""
        Of the program.
    created : datetime, optional
        When; None is now.

    Returns
    -------
    str
        HTML5, to be written as UTF-8.

    Examples
    --------
    >>> page = render_measurements("Grain size", [ReportTable("G", ("method", "G"), (("Heyn", "8.0"),))], [])
    >>> "<td>8.0</td>" in page
    True
    """
    return _template().render(
        title=title,
        tables=tables,
        caveats=tuple(dict.fromkeys(caveats)),
        version=version,
        created=(created or datetime.now().astimezone()).strftime("%Y-%m-%d %H:%M %Z").strip(),
        pictures=[{"caption": caption, "address": png_address(_fit(pixels))} for caption, pixels in pictures],
    )


@cache
def _template() -> Template:
    text = files("segment.report").joinpath("measurements.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(text)


def _fit(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    if width <= WIDEST:
        return pixels
    size = WIDEST, max(1, round(height * WIDEST / width))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
