"""Inclusions measured and rated by the standards over the fields of one material."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from segment.inclusions import FoundInclusions, join_stringers, rate_nodularity, rate_worst_field, remove_inclusions
from segment.io import write_png
from segment.measure import measure_constituent, summarise_constituent, summarise_fields
from segment.objects import measure_objects
from segment.pipeline.fields import to_bytes
from segment.pipeline.inclusion_fields import InclusionFields, InclusionResult, write_inclusions


@dataclass(frozen=True)
class InclusionOptions:
    """What is made of inclusions besides measuring them.

    Attributes
    ----------
    ratings : bool
        Whether they are rated by E45, rolling direction along the columns.
    nodularity : bool
        Whether they are graphite.
    remove : bool
        Whether images without them are written.
    """

    ratings: bool = False
    nodularity: bool = False
    remove: bool = False


def measure_inclusions(
    source: InclusionFields, out: Path, chosen: InclusionOptions, *, report: bool = False
) -> InclusionResult:
    """Measure and rate the inclusions of one material, and write tables and pictures.

    Parameters
    ----------
    source : InclusionFields
    out : Path
        Folder for ``inclusions.json``, ``NAME_inclusions.csv``, ``NAME_inclusions.png``, and what was asked for.
    chosen : InclusionOptions
    report : bool, default False

    Returns
    -------
    InclusionResult

    Raises
    ------
    segment.io.OutputError
        If the folder cannot be written to.
    """
    fields, found, caveats = source.fields, source.found, list(source.caveats)
    edge = fields.pixel_size_um
    tables = tuple(measure_objects(item.labels, pixel_size_um=edge, valid=item.valid).table for item in found)
    fractions = summarise_fields([item.area_fraction for item in found])
    numbers: dict[str, Any] = {"area_fraction": {**asdict(fractions), "method": "E1245, half of the full contrast"}}
    if edge is None:
        caveats += [f"{what}: needs the size of a pixel" for what, asked in _asked(chosen) if asked]
    else:
        constituent = summarise_constituent(
            [measure_constituent(item.mask, pixel_size_um=edge, valid=item.valid) for item in found]
        )
        numbers["e1245"] = {name: asdict(value) for name, value in constituent.items()}
        if chosen.ratings:
            numbers["e45_worst_fields"] = [_ratings(item, edge) for item in found]
            caveats.append(
                "types by form only: deformed inclusions are rated as C, sulfides (A) are not distinguished from them"
            )
        if chosen.nodularity:
            rated = [rate_nodularity(item.mask, pixel_size_um=edge, valid=item.valid) for item in found]
            percent = [item.percent for item in rated if item.percent is not None]
            numbers["nodularity"] = {
                "fields": [
                    {"percent": item.percent, "graphite": item.n_graphite, "nodules": item.n_nodules, "cut": item.n_cut}
                    for item in rated
                ],
                "over_fields": asdict(summarise_fields(percent)) if percent else None,
            }
    result = InclusionResult(fields, found, tables, (), numbers, tuple(dict.fromkeys(caveats)))
    filled = {}
    if chosen.remove:
        for name, micrograph, item in zip(fields.names, fields.micrographs, found, strict=True):
            image = micrograph.image if item.mask.all() else remove_inclusions(micrograph.image, item.mask, grow_px=1)
            filled[f"{name}_removed.png"] = partial(write_png, image=to_bytes(image))
    write_inclusions(result, out, "inclusions", report=report, further=filled)
    return result


def _asked(chosen: InclusionOptions) -> tuple[tuple[str, bool], ...]:
    return ("E45 ratings", chosen.ratings), ("nodularity", chosen.nodularity)


def _ratings(item: FoundInclusions, edge: float) -> list[dict[str, Any]]:
    stringers = join_stringers(item.labels, pixel_size_um=edge)
    worst = rate_worst_field(stringers, item.labels.shape, pixel_size_um=edge, valid=item.valid)
    return [{**asdict(rating), "field_top_left_px": corner} for rating, corner in worst]
