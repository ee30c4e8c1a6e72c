"""What the page on inclusions or anomalies shows beside the pictures of the fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segment.pipeline.fields import to_bytes
from segment.report import ReportTable

if TYPE_CHECKING:
    from segment.pipeline.inclusion_fields import InclusionResult

# Inclusions that are shown, half the side of a thumbnail in pixels, and how much it is enlarged.
SHOWN, HALF, TIMES = 24, 24, 2
PER_ROW = 8
REASONS = ("isolation", "crowding", "size", "shape")


def rank_unusual(result: InclusionResult) -> list[tuple[int, int]]:
    """Return field and row of the inclusions of the smallest combined p, at most .05; none where none was scored."""
    ranked = [
        (float(p), field, row)
        for field, table in enumerate(result.tables)
        if "combined_p" in table
        for row, p in enumerate(table["combined_p"])
        if p <= 0.05
    ]
    return [(field, row) for _, field, row in sorted(ranked)[:SHOWN]]


def unusual_table(result: InclusionResult, unusual: list[tuple[int, int]]) -> ReportTable:
    """Return a row for each unusual inclusion: where it is, its p, and what is unusual of it."""
    rows = []
    for field, row in unusual:
        table = result.tables[field]
        values = {name: float(table[f"{name}_p"][row]) for name in REASONS}
        reasons = sorted((p, name) for name, p in values.items() if p <= 0.05)
        rows.append(
            (
                result.fields.names[field],
                f"{table['x_px'][row]:.0f}",
                f"{table['y_px'][row]:.0f}",
                f"{table['area_px'][row]:.0f}",
                f"{table['combined_p'][row]:.2g}",
                ", ".join(f"{name} (p {p:.2g})" for p, name in reasons),
            )
        )
    note = (
        "p: fraction of random fields, or of the inclusions of the set, that are as unusual; combined: four times the "
        "smallest."
    )
    return ReportTable(
        "Most unusual inclusions", ("field", "x, px", "y, px", "area, px", "combined p", "for its"), tuple(rows), note
    )


def thumbnails(result: InclusionResult, unusual: list[tuple[int, int]]) -> NDArray[np.uint8]:
    """Return the surroundings of unusual inclusions beside each other."""
    tiles = []
    for field, row in unusual:
        table = result.tables[field]
        image = np.pad(to_bytes(result.fields.micrographs[field].image), HALF, mode="edge")
        top, left = round(float(table["y_px"][row])), round(float(table["x_px"][row]))
        tile = np.kron(image[top : top + 2 * HALF, left : left + 2 * HALF], np.ones((TIMES, TIMES), dtype=np.uint8))
        tiles.append(np.pad(tile, 2, constant_values=255))
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % min(PER_ROW, len(tiles)))
    width = min(PER_ROW, len(tiles))
    rows = [np.concatenate(tiles[start : start + width], axis=1) for start in range(0, len(tiles), width)]
    return np.concatenate(rows).astype(np.uint8)


def number_tables(result: InclusionResult) -> list[ReportTable]:
    """Return the tables of what is stated of all fields, each with its standard."""
    tables = []
    for title, statistics in (
        ("Area fraction over fields", {"area_fraction": result.numbers.get("area_fraction")}),
        ("ASTM E1245 over fields", result.numbers.get("e1245", {})),
    ):
        rows = tuple(
            (
                name,
                *(
                    ("–" if item[key] is None else f"{item[key]:.4g}")
                    for key in ("mean", "ci95", "relative_accuracy_percent", "n_fields")
                ),
            )
            for name, item in statistics.items()
            if item is not None
        )
        if rows:
            tables.append(ReportTable(title, ("quantity", "mean", "95 % CI, ±", "%RA", "fields"), rows))
    for name, several in zip(result.fields.names, result.numbers.get("e45_worst_fields", ()), strict=False):
        rows = tuple(
            (item["kind"], item["series"], f"{item['severity']:.2f}", f"{item['rounded']:.1f}") for item in several
        )
        tables.append(
            ReportTable(f"ASTM E45 by E1122, worst fields of {name}", ("type", "series", "severity", "rounded"), rows)
        )
    nodularity = result.numbers.get("nodularity")
    if nodularity is not None:
        rows = tuple(
            (
                name,
                *(
                    "–" if item[key] is None else f"{item[key]:.4g}"
                    for key in ("percent", "nodules", "graphite", "cut")
                ),
            )
            for name, item in zip(result.fields.names, nodularity["fields"], strict=True)
        )
        over = nodularity["over_fields"]
        reach = "" if over is None or over["ci95"] is None else f" ± {over['ci95']:.2g}"
        note = "" if over is None else f"Over {over['n_fields']} fields: {over['mean']:.3g}{reach} % (95 % interval)."
        columns = ("field", "nodularity, %", "nodules", "graphite particles", "cut by the edge, left out")
        tables.append(ReportTable("Nodularity by ASTM E2567 and ISO 945-4", columns, rows, note))
    if result.numbers.get("areas"):
        rows = tuple(
            (
                item["field"],
                str(item["rank"]),
                str(item["n_objects"]),
                f"{item['excess']:.1f}",
                f"{item['score']:.2f}",
                f"{item['percentile']:.0f}",
            )
            for item in result.numbers["areas"]
        )
        columns = ("field", "area", "inclusions", "times expected", "score", "percentile over all fields")
        tables.append(ReportTable("Areas of interest by a scan statistic", columns, rows))
    return tables
