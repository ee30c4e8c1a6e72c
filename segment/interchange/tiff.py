"""Labels and abundances as TIFF with their pixel size, for Fiji, QuPath, napari and other image programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tifffile

from segment.io import atomic_path
from segment.plots.colours import colour_table, colours_of
from segment.records import PhaseMap


def write_ome_tiff(phase_map: PhaseMap, out: Path, name: str) -> tuple[Path, ...]:
    """Write ``NAME_labels.ome.tif`` (uint8) and ``NAME_abundances.ome.tif`` (float32, a channel a phase, named).

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
        The files written. ``PhysicalSizeX`` and ``Y`` are in micrometres, and absent where not calibrated.
    """
    edge = phase_map.micrograph.calibration.pixel_size_um
    size: dict[str, Any] = {}
    if edge is not None:
        size = {"PhysicalSizeX": edge, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": edge, "PhysicalSizeYUnit": "µm"}
    labels, abundances = out / f"{name}_labels.ome.tif", out / f"{name}_abundances.ome.tif"
    options: dict[str, Any] = {"ome": True, "photometric": "minisblack", "compression": "zlib"}
    with atomic_path(labels) as temporary:
        tifffile.imwrite(temporary, phase_map.labels, metadata={"axes": "YX", "Name": name, **size}, **options)
    with atomic_path(abundances) as temporary:
        named = {"axes": "CYX", "Name": name, "Channel": {"Name": list(phase_map.names)}, **size}
        tifffile.imwrite(temporary, phase_map.abundances, metadata=named, **options)
    return labels, abundances


def write_imagej(phase_map: PhaseMap, out: Path, name: str) -> tuple[Path, ...]:
    """Write ``NAME_labels.tif`` (uint8, in the phases' colours) and ``NAME_abundances.tif`` (float32, a slice a phase).

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
        The files written. Their scale is in micrometres, and not set where not calibrated.
    """
    edge = phase_map.micrograph.calibration.pixel_size_um
    scale: dict[str, Any] = {} if edge is None else {"resolution": (1 / edge, 1 / edge)}
    unit: dict[str, Any] = {} if edge is None else {"unit": "um"}
    labels, abundances = out / f"{name}_labels.tif", out / f"{name}_abundances.tif"
    table = colour_table(len(phase_map.names), colours_of(phase_map)).T
    with atomic_path(labels) as temporary:
        metadata = {"axes": "YX", "LUTs": [table], "mode": "color", **unit}
        tifffile.imwrite(temporary, phase_map.labels, imagej=True, metadata=metadata, **scale)
    with atomic_path(abundances) as temporary:
        metadata = {"axes": "ZYX", "Labels": list(phase_map.names), "min": 0.0, "max": 1.0, **unit}
        tifffile.imwrite(temporary, phase_map.abundances, imagej=True, metadata=metadata, **scale)
    return labels, abundances
