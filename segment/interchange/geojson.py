"""Regions as GeoJSON, for QuPath, GIS programs and geometry libraries."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.interchange.polygons import Region, trace_regions
from segment.io import write_text
from segment.plots.colours import colours_of
from segment.records import PhaseMap


def write_geojson(phase_map: PhaseMap, out: Path, name: str) -> tuple[Path, ...]:
    """Write ``NAME_regions.geojson`` in pixels and, where calibrated, ``NAME_regions_um.geojson`` in micrometres.

    Every region is a Feature: a Polygon with its holes, and the properties ``phase``, ``name``, ``pixels``,
    ``area_um2`` and ``classification``, from which QuPath takes name and colour. x points right and y down from the
    upper left corner of the image; outer rings have a positive shoelace area, holes a negative one (RFC 7946, 3.1.6).

    Parameters
    ----------
    phase_map : PhaseMap
    out : Path
        Folder, made where missing.
    name : str
        What the files' names start with.

    Returns
    -------
    tuple of Path
        The files written.
    """
    # Excluded pixels are of no phase.
    regions = [region for region in trace_regions(phase_map.labels) if region.phase < len(phase_map.names)]
    edge = phase_map.micrograph.calibration.pixel_size_um
    written = [out / f"{name}_regions.geojson"]
    _write(written[0], phase_map, regions, None, "pixels")
    if edge is not None:
        written.append(out / f"{name}_regions_um.geojson")
        _write(written[1], phase_map, regions, edge, "micrometres")
    return tuple(written)


def _write(path: Path, phase_map: PhaseMap, regions: list[Region], scale: float | None, unit: str) -> None:
    colours = colours_of(phase_map).tolist()
    edge = phase_map.micrograph.calibration.pixel_size_um
    content: dict[str, Any] = {
        "type": "FeatureCollection",
        "unit": unit,
        "pixel_size": asdict(phase_map.micrograph.calibration),
        "axes": "x to the right, y down, from the upper left corner of the image",
        "features": [
            {
                "type": "Feature",
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [_scaled(ring, scale).tolist() for ring in region.rings],
                },
                "properties": {
                    "objectType": "annotation",
                    "classification": {"name": phase_map.names[region.phase], "color": colours[region.phase]},
                    "phase": region.phase,
                    "name": phase_map.names[region.phase],
                    "pixels": region.pixels,
                    "area_um2": None if edge is None else region.pixels * edge**2,
                },
            }
            for region in regions
        ],
    }
    write_text(path, json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n")


def _scaled(ring: NDArray[np.int32], scale: float | None) -> NDArray[Any]:
    # A millionth of a pixel says all; corners that were equal stay so.
    return ring if scale is None else np.round(ring * scale, 6 - math.floor(math.log10(scale)))
