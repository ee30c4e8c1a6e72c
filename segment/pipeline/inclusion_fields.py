"""Inclusions of the fields of one material: found, and written once they are measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import binary_erosion

from nmfcore import __version__
from segment.inclusions import FoundInclusions, find_inclusions
from segment.io import write_png, write_text
from segment.model.image import look_at
from segment.pipeline.fields import Fields, read_fields, to_bytes, write_measurements
from segment.pipeline.inclusion_tables import number_tables, rank_unusual, thumbnails, unusual_table
from segment.pipeline.reading import ReadOptions
from segment.plots import mark_picture
from segment.records import Region, Table
from segment.report import ReportTable, render_measurements


@dataclass(frozen=True)
class InclusionFields:
    """Fields of one material and the inclusions found in them.

    Attributes
    ----------
    fields : Fields
    found : tuple of FoundInclusions
        One a field.
    caveats : tuple of str
        Fields without inclusions, and those where they are unclear.
    """

    fields: Fields
    found: tuple[FoundInclusions, ...]
    caveats: tuple[str, ...]


@dataclass(frozen=True)
class InclusionResult:
    """What was found in the fields of one material.

    Attributes
    ----------
    fields : Fields
    found : tuple of FoundInclusions
        One a field.
    tables : tuple of Table
        A row for each inclusion, one table a field.
    regions : tuple of tuple of Region
        Areas of interest of each field; empty where they were not asked for.
    numbers : dict
        What is stated of all fields, as JSON values.
    caveats : tuple of str
    """

    fields: Fields
    found: tuple[FoundInclusions, ...]
    tables: tuple[Table, ...]
    regions: tuple[tuple[Region, ...], ...]
    numbers: dict[str, Any]
    caveats: tuple[str, ...]


def find_inclusion_fields(paths: Sequence[Path], polarity: str, options: ReadOptions) -> InclusionFields:
    """Read the fields of one material and find their inclusions.

    Parameters
    ----------
    paths : sequence of Path
    polarity : {"dark", "bright", "auto"}
    options : ReadOptions

    Returns
    -------
    InclusionFields

    Raises
    ------
    ValueError
        If no file can be read.
    """
    fields = read_fields(paths, options)
    found = tuple(find_inclusions(look_at(micrograph), polarity=polarity) for micrograph in fields.micrographs)
    caveats = [*fields.notes]
    for name, item in zip(fields.names, found, strict=True):
        if not item.n_inclusions:
            caveats.append(f"{name}: none found")
        elif not item.is_clear:
            caveats.append(f"{name}: inclusions stand out little from the noise of the matrix; look at the overlay")
    return InclusionFields(fields, found, tuple(caveats))


def write_inclusions(
    result: InclusionResult,
    out: Path,
    word: str,
    *,
    report: bool = False,
    further: Mapping[str, Callable[[Path], None]] | None = None,
) -> None:
    """Write the tables and pictures of all fields, ``WORD.json``, and ``report.html`` with `report`.

    Parameters
    ----------
    result : InclusionResult
    out : Path
        Folder, made where missing.
    word : {"inclusions", "anomalies"}
        What is in the files' names.
    report : bool, default False
    further : mapping of str to callable, optional
        Name of each other file, and ``write(path)``.

    Raises
    ------
    segment.io.OutputError
        If the folder cannot be written to.
    """
    pictures, files = [], dict(further or {})
    boxes = result.regions or ((),) * len(result.found)
    for name, micrograph, item, table, several in zip(
        result.fields.names, result.fields.micrographs, result.found, result.tables, boxes, strict=True
    ):
        corners = [(region.left, region.top, region.right, region.bottom) for region in several]
        rim = item.mask & ~np.asarray(binary_erosion(item.mask))
        picture = mark_picture(to_bytes(micrograph.image), lines=rim, boxes=corners)
        files[f"{name}_{word}.csv"] = partial(write_text, text=table.to_csv())
        files[f"{name}_{word}.png"] = partial(write_png, image=picture)
        pictures.append((f"{name}: {len(table)} inclusions, {len(corners)} areas", picture))
    if report:
        rows = tuple(
            (
                name,
                str(len(table)),
                f"{100 * item.area_fraction:.3f}",
                f"{item.threshold:.4g}",
                f"{item.smoothing_px:g}",
            )
            for name, table, item in zip(result.fields.names, result.tables, result.found, strict=True)
        )
        columns = ("field", "inclusions", "area, %", "threshold", "smoothing, px")
        tables = [ReportTable("Fields", columns, rows), *number_tables(result)]
        unusual = rank_unusual(result)
        if unusual:
            tables.append(unusual_table(result, unusual))
            pictures.insert(0, ("The most unusual inclusions, in the order of the table", thumbnails(result, unusual)))
        page = render_measurements(word.capitalize(), tables, pictures, caveats=result.caveats, version=__version__)
        files["report.html"] = partial(write_text, text=page)
    content = {**result.numbers, "pixel_size_um": result.fields.pixel_size_um, "caveats": list(result.caveats)}
    write_measurements(out, f"{word}.json", word, content, files)
