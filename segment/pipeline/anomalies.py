"""How unusual the inclusions and the areas of a set of scans are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segment.anomaly import (
    box_objects,
    describe_silhouettes,
    learn_shapes,
    percentiles,
    scan_areas,
    score_like_mlography,
    score_positions,
    score_shapes,
)
from segment.objects import measure_objects
from segment.pipeline.inclusion_fields import InclusionFields, InclusionResult, write_inclusions
from segment.records import Table

FEWEST_SHAPES = 8


@dataclass(frozen=True)
class AnomalyOptions:
    """Which inclusions count, and where the scans lie.

    Attributes
    ----------
    smallest_px : int
        Inclusions of fewer pixels are specks and are left out.
    origin_um : (float, float)
        x and y of the scans' upper left corner on the stage, in micrometres.
    mlography : bool
        Whether the table has a column for MLography's spatial score.
    """

    smallest_px: int = 10
    origin_um: tuple[float, float] = (0.0, 0.0)
    mlography: bool = False


def score_anomalies(
    source: InclusionFields, out: Path, chosen: AnomalyOptions, *, report: bool = False
) -> InclusionResult:
    """Score how unusual the inclusions and the areas of a set of scans are, and write tables and pictures.

    Parameters
    ----------
    source : InclusionFields
        Scans of one material: areas get percentiles over all of them.
    out : Path
        Folder for ``anomalies.json``, ``NAME_anomalies.csv`` and ``NAME_anomalies.png``.
    chosen : AnomalyOptions
    report : bool, default False

    Returns
    -------
    InclusionResult

    Raises
    ------
    segment.io.OutputError
        If the folder cannot be written to.
    """
    fields, caveats = source.fields, list(source.caveats)
    found = tuple(item.without_specks(chosen.smallest_px) for item in source.found)
    n_specks = sum(before.n_inclusions - item.n_inclusions for before, item in zip(source.found, found, strict=True))
    if n_specks:
        caveats.append(f"{n_specks} specks of fewer than {chosen.smallest_px} pixels are left out")
    edge = fields.pixel_size_um
    measured = [measure_objects(item.labels, pixel_size_um=edge, valid=item.valid).table for item in found]
    areas = np.concatenate([table["area_px"] for table in measured])
    shapes = [describe_silhouettes(item.labels) for item in found]
    pooled = np.concatenate([item[1] for item in shapes])
    dictionary = learn_shapes(pooled) if len(pooled) >= FEWEST_SHAPES else None
    if dictionary is None:
        caveats.append(f"{len(pooled)} inclusions of 50 pixels or more: too few to say which shapes are ordinary")
    tables, regions = [], []
    for item, table, (ids, silhouettes, roundness) in zip(found, measured, shapes, strict=True):
        places = np.stack([table["y_px"] + 0.5, table["x_px"] + 0.5], axis=1) if len(table) else np.zeros((0, 2))
        scores = score_positions(places, table["area_px"], item.labels.shape, reference_areas=areas, valid=item.valid)
        columns = {**table.columns}
        for name in ("isolation", "isolation_p", "crowding", "crowding_p", "size", "size_p"):
            columns[name] = getattr(scores, name)
        columns |= {name: np.full(len(table), np.nan) for name in ("shape", "shape_p")}
        if dictionary is not None:
            at = np.searchsorted(table["label"], ids)
            form = score_shapes(silhouettes, roundness, dictionary)
            columns["shape"][at], columns["shape_p"][at] = form.residual, form.p
        smallest = np.fmin.reduce([columns[name] for name in ("isolation_p", "crowding_p", "size_p", "shape_p")])
        # The smallest of several, as one: Bonferroni's bound.
        columns["combined_p"] = np.minimum(1.0, 4 * smallest) if len(table) else smallest
        if chosen.mlography:
            columns["mlography"] = score_like_mlography(box_objects(item.labels))
        tables.append(Table(columns))
        regions.append(scan_areas(places, table["area_px"], item.labels.shape, valid=item.valid))
    scored = [region.score for several in regions for region in several]
    ranks = iter(percentiles(scored, scored).tolist() if scored else [])
    numbers: dict[str, Any] = {
        "areas": [
            {
                "field": name,
                "rank": rank,
                **asdict(region),
                "percentile": next(ranks),
                "stage_um": None if edge is None else region.in_stage_units(edge, chosen.origin_um),
            }
            for name, several in zip(fields.names, regions, strict=True)
            for rank, region in enumerate(several, start=1)
        ],
        "inclusions": {name: len(table) for name, table in zip(fields.names, tables, strict=True)},
    }
    result = InclusionResult(fields, found, tuple(tables), tuple(regions), numbers, tuple(dict.fromkeys(caveats)))
    write_inclusions(result, out, "anomalies", report=report)
    return result
