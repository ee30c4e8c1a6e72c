"""Grain size from files: boundaries, sizes by every method, tables, pictures and a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nmfcore import __version__
from segment.grains import (
    BoundaryForest,
    close_network,
    find_boundaries,
    has_long_grains,
    largest_rectangle,
    learn_boundaries,
    measure_intercepts,
    read_boundaries,
    size_by_count,
    size_by_direction,
    size_by_intercepts,
    trace_network,
)
from segment.io import write_png, write_text
from segment.io.decode import decode
from segment.pipeline.fields import Fields, read_fields, to_bytes, write_measurements
from segment.pipeline.labelling import match_labels
from segment.pipeline.reading import ReadOptions
from segment.plots import mark_picture
from segment.records import GrainSize, Micrograph, Network
from segment.report import ReportTable, render_measurements

COLUMNS = ("method", "G", "95 % interval of G", "%RA", "value", "95 % interval", "convention", "standard", "fields")
MISSING = (
    "twin boundaries are counted like grain boundaries: where grains without twins are asked for, G is too fine",
)


@dataclass(frozen=True)
class GrainOptions:
    """How boundaries are found and grains measured.

    Attributes
    ----------
    kind : {"auto", "lines", "steps", "mask"}
        What the inputs are: micrographs with lines or steps between the grains, or drawn boundaries.
    convention : {"e112", "nist", "mlography"}
        Of the intercepts.
    standard : {"ASTM E112", "ISO 643"}
    close : bool
        Whether open ends are bridged first.
    labels : Path or None
        Label file, or folder of them, that shows what boundaries are: 0 in grains, 1 on boundaries, 255 not painted.
    """

    kind: str = "auto"
    convention: str = "e112"
    standard: str = "ASTM E112"
    close: bool = False
    labels: Path | None = None


@dataclass(frozen=True)
class GrainResult:
    """What was measured of the grains of one material.

    Attributes
    ----------
    fields : Fields
    networks : tuple of Network
        One a field, of its test area.
    areas : tuple of (slice, slice)
        Rows and columns of each field that are measured: the largest rectangle without an excluded pixel.
    sizes : tuple of GrainSize
        By each method that could be used; none without a pixel size.
    refused : tuple of str
        Methods that could not, each with the reason.
    mean_intercept_px : float
        By the convention, over all fields.
    caveats : tuple of str
    """

    fields: Fields
    networks: tuple[Network, ...]
    areas: tuple[tuple[slice, slice], ...]
    sizes: tuple[GrainSize, ...]
    refused: tuple[str, ...]
    mean_intercept_px: float
    caveats: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON values."""
        return {
            "mean_intercept_px": self.mean_intercept_px if self.mean_intercept_px < float("inf") else None,
            "pixel_size_um": self.fields.pixel_size_um,
            "sizes": [size.to_json() for size in self.sizes],
            "refused": list(self.refused),
            "caveats": list(self.caveats),
            "fields": [
                {
                    "name": name,
                    "path": micrograph.path,
                    "sha256": micrograph.sha256,
                    "boundary_width_px": network.width_px,
                    "open_ends": (network.open_ends + [rows.start, columns.start]).tolist(),
                    "grains": network.n_grains,
                    "rows_px": [rows.start, rows.stop],
                    "columns_px": [columns.start, columns.stop],
                }
                for name, micrograph, network, (rows, columns) in zip(
                    self.fields.names, self.fields.micrographs, self.networks, self.areas, strict=True
                )
            ],
        }


def measure_grain_files(
    paths: Sequence[Path], out: Path, chosen: GrainOptions, options: ReadOptions, *, report: bool = False
) -> GrainResult:
    """Measure the grain size of one material from its files, and write tables and pictures.

    Parameters
    ----------
    paths : sequence of Path
        Fields of one material.
    out : Path
        Folder for ``grains.json``, ``grains.csv``, ``NAME_boundaries.png``, and ``report.html`` with `report`.
    chosen : GrainOptions
    options : ReadOptions
    report : bool, default False

    Returns
    -------
    GrainResult

    Raises
    ------
    ValueError
        If no file can be read, or an option is unknown.
    segment.io.OutputError
        If the folder cannot be written to.
    """
    painted = {} if chosen.labels is None else match_labels(chosen.labels, paths)
    files = {path.resolve() for path in painted.values()}
    fields = read_fields([path for path in paths if path.resolve() not in files], options)
    forest = _learnt(fields, painted)
    networks, clear, areas = [], [], []
    for name, whole in zip(fields.names, fields.micrographs, strict=True):
        area, note = _test_area(whole, name)
        micrograph = replace(whole, image=np.ascontiguousarray(whole.image[area]), valid=None)
        clear.append(note)
        areas.append(area)
        if chosen.kind == "mask":
            mask, note = read_boundaries(micrograph.image), ""
        elif forest is not None:
            mask = forest.find_boundaries(micrograph.image).boundaries
            note = f"boundaries found by what {forest.n_tiles} labelled images show, one pixel wide"
        else:
            found = find_boundaries(micrograph.image, kind=chosen.kind)
            mask, note = found.boundaries, f"{micrograph.name}: boundaries found as {found.kind}, {found.polarity}"
        networks.append(close_network(mask).network if chosen.close else trace_network(mask))
        clear.append(note)
    result = _sizes(fields, tuple(networks), tuple(areas), chosen, [note for note in clear if note])
    _write(result, out, report)
    return result


def _test_area(micrograph: Micrograph, name: str) -> tuple[tuple[slice, slice], str]:
    """Return the rectangle of a field that is measured, and what to say of it."""
    height, width = micrograph.image.shape
    if micrograph.valid is None:
        return (slice(0, height), slice(0, width)), ""
    rows, columns = largest_rectangle(micrograph.valid)
    return (rows, columns), (
        f"{name}: pixels are excluded; measured in the largest rectangle without any, rows {rows.start} to "
        f"{rows.stop - 1} and columns {columns.start} to {columns.stop - 1}"
    )


def _learnt(fields: Fields, painted: Mapping[Path, Path]) -> BoundaryForest | None:
    images, labels = [], []
    for micrograph in fields.micrographs:
        file = None if micrograph.path is None else painted.get(micrograph.path)
        if file is None:
            continue
        try:
            tile = np.asarray(decode(file.read_bytes()))
        except (ValueError, OSError) as error:
            raise ValueError(f"labels '{file}': {error}") from error
        rows = len(micrograph.image)
        if tile.ndim != 2 or len(tile) < rows or tile.shape[1] != micrograph.image.shape[1]:
            raise ValueError(f"labels '{file}': must be grey and of the size of {micrograph.name}, got {tile.shape}")
        area = _test_area(micrograph, micrograph.name)[0]
        images.append(np.ascontiguousarray(micrograph.image[area]))
        labels.append(np.ascontiguousarray(tile[:rows][area]))
    return learn_boundaries(images, labels) if images else None


def _sizes(
    fields: Fields,
    networks: tuple[Network, ...],
    areas: tuple[tuple[slice, slice], ...],
    chosen: GrainOptions,
    notes: list[str],
) -> GrainResult:
    found = [measure_intercepts(network, convention=chosen.convention) for network in networks]
    total = sum(float(item.lengths_px.sum()) / item.mean_px for item in found)
    mean_px = sum(float(item.lengths_px.sum()) for item in found) / total if total else float("inf")
    sizes: list[GrainSize] = []
    refused: list[str] = []
    caveats = [*fields.notes, *notes, *MISSING]
    if fields.pixel_size_um is None:
        refused.append("G: needs the size of a pixel")
    else:
        edge = float(fields.pixel_size_um)
        named: list[tuple[str, Callable[[], GrainSize]]] = [
            (
                f"intercepts, {pattern}",
                lambda pattern=pattern: size_by_intercepts(
                    networks,
                    pixel_size_um=edge,
                    pattern=pattern,
                    convention=chosen.convention,
                    standard=chosen.standard,
                ),
            )
            for pattern in ("grid", "circles")
        ]
        named += [
            (
                f"counting, {method}",
                lambda method=method: size_by_count(
                    networks, pixel_size_um=edge, method=method, standard=chosen.standard
                ),
            )
            for method in ("saltykov", "jeffries", "triple_points")
        ]
        for name, measure in named:
            try:
                sizes.append(measure())
            except ValueError as error:
                refused.append(f"{name}: {error}")
        try:
            directions = size_by_direction(networks, pixel_size_um=edge, standard=chosen.standard)
            sizes += directions.values()
            if has_long_grains(directions):
                caveats.append("the grains are longer in one direction: state G of each direction, not one G")
        except ValueError as error:
            refused.append(f"directions: {error}")
        caveats += [note for size in sizes for note in size.notes]
    caveats += refused
    return GrainResult(fields, networks, areas, tuple(sizes), tuple(refused), mean_px, tuple(dict.fromkeys(caveats)))


def _write(result: GrainResult, out: Path, report: bool) -> None:
    rows = tuple(size_row(size) for size in result.sizes)
    pictures = {}
    for name, micrograph, network, area in zip(
        result.fields.names, result.fields.micrographs, result.networks, result.areas, strict=True
    ):
        first = [area[0].start, area[1].start]
        ends = [(float(row), float(column)) for row, column in network.open_ends + first]
        lines = np.zeros(micrograph.image.shape, dtype=bool)
        lines[area] = network.boundaries
        pictures[name] = mark_picture(to_bytes(micrograph.image), lines=lines, points=ends)
    lines = [",".join(f'"{value}"' for value in row) for row in (COLUMNS, *rows)]
    files: dict[str, Callable[[Path], None]] = {
        f"{name}_boundaries.png": partial(write_png, image=picture) for name, picture in pictures.items()
    }
    files["grains.csv"] = partial(write_text, text="\n".join(lines) + "\n")
    if report:
        widths = tuple(
            (name, f"{network.width_px:.1f}", str(len(network.open_ends)), str(network.n_grains))
            for name, network in zip(result.fields.names, result.networks, strict=True)
        )
        note = f"Mean intercept {result.mean_intercept_px:.4g} px."
        tables = [
            ReportTable("Grain size by each method", COLUMNS, rows, note),
            ReportTable("Fields", ("field", "boundary width, px", "open ends", "regions"), widths),
        ]
        shown = [(f"{name}: boundaries; circles mark open ends", picture) for name, picture in pictures.items()]
        page = render_measurements("Grain size", tables, shown, caveats=result.caveats, version=__version__)
        files["report.html"] = partial(write_text, text=page)
    write_measurements(out, "grains.json", "grains", result.to_json(), files)


def size_row(size: GrainSize) -> tuple[str, ...]:
    """Return a grain size as the texts of a row of `COLUMNS`."""
    low = "–" if size.G_low is None else f"{size.G_low:.2f}"
    high = "–" if size.G_high is None else f"{size.G_high:.2f}"
    unit = "per mm" if size.quantity == "P_L" else "per mm2"
    return (
        size.method,
        f"{size.G:.2f}",
        f"{low} to {high}",
        "–" if size.relative_accuracy_percent is None else f"{size.relative_accuracy_percent:.1f}",
        f"{size.value:.4g} {unit}",
        "–" if size.ci95 is None else f"± {size.ci95:.2g} {unit}",
        size.convention,
        size.standard,
        str(size.n_fields),
    )
