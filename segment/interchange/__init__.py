"""Phase maps and measurements in the formats of other programs. A new format is one file and one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from segment.interchange.geojson import write_geojson
from segment.interchange.npz import write_phase_npz
from segment.interchange.objects import write_objects_geojson, write_rois, write_table_parquet
from segment.interchange.polygons import Region, trace_regions
from segment.interchange.table import require_pyarrow, write_parquet
from segment.interchange.tiff import write_imagej, write_ome_tiff
from segment.io.location import as_path
from segment.records import PhaseMap

__all__ = [
    "IMAGE_FORMATS",
    "TABLE_FORMATS",
    "ImageFormat",
    "Region",
    "check_formats",
    "export_paths",
    "export_phase_map",
    "trace_regions",
    "write_geojson",
    "write_imagej",
    "write_objects_geojson",
    "write_ome_tiff",
    "write_parquet",
    "write_phase_npz",
    "write_rois",
    "write_table_parquet",
]


@dataclass(frozen=True)
class ImageFormat:
    """A format for one phase map.

    Attributes
    ----------
    write : callable
        ``write(phase_map, out, name)`` writes files into the folder `out` and returns their paths.
    suffixes : tuple of str
        What the names of those files, and of no others, may end in after `name`.
    """

    write: Callable[[PhaseMap, Path, str], tuple[Path, ...]]
    suffixes: tuple[str, ...]


IMAGE_FORMATS: dict[str, ImageFormat] = {
    "ome-tiff": ImageFormat(write_ome_tiff, ("_labels.ome.tif", "_abundances.ome.tif")),
    "imagej": ImageFormat(write_imagej, ("_labels.tif", "_abundances.tif")),
    "npz": ImageFormat(write_phase_npz, ("_phases.npz",)),
    "geojson": ImageFormat(write_geojson, ("_regions.geojson", "_regions_um.geojson")),
}

TABLE_FORMATS = {"parquet": write_parquet}


def check_formats(formats: Iterable[str]) -> tuple[str, ...]:
    """Return the formats, each once and in the order of the registries.

    Parameters
    ----------
    formats : iterable of str
        Names in `IMAGE_FORMATS` and `TABLE_FORMATS`.

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        If a format is unknown, or needs a library that is not installed.

    Examples
    --------
    >>> check_formats(["npz", "ome-tiff", "npz"])
    ('ome-tiff', 'npz')
    """
    asked, known = set(formats), [*IMAGE_FORMATS, *TABLE_FORMATS]
    unknown = sorted(asked - set(known))
    if unknown:
        raise ValueError(f"unknown export format {unknown[0]!r}; known: {', '.join(known)}")
    if "parquet" in asked:
        require_pyarrow()
    return tuple(name for name in known if name in asked)


def export_phase_map(phase_map: PhaseMap, out: str | Path, name: str, formats: Iterable[str]) -> tuple[Path, ...]:
    """Write one phase map in each of the formats that are for images.

    Parameters
    ----------
    phase_map : PhaseMap
    out : str or Path
        Folder, made where missing.
    name : str
        What the files' names start with.
    formats : iterable of str
        Names in `IMAGE_FORMATS`; those of tables are passed over.

    Returns
    -------
    tuple of Path
        The files written, each whole or not at all.

    Raises
    ------
    ValueError
        If a format is unknown.
    segment.io.OutputError
        If a file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from segment import Segmenter
    >>> phases = Segmenter(2).fit_predict(np.eye(32, dtype=np.float32))
    >>> [path.name for path in export_phase_map(phases, tempfile.mkdtemp(), "eye", ["npz", "geojson"])]
    ['eye_phases.npz', 'eye_regions.geojson']
    """
    written: list[Path] = []
    for chosen in check_formats(formats):
        if chosen in IMAGE_FORMATS:
            written += IMAGE_FORMATS[chosen].write(phase_map, Path(out), name)
    return tuple(written)


def export_paths(out: str | Path, name: str, formats: Iterable[str]) -> tuple[Path, ...]:
    """List every file that `export_phase_map` may write.

    Parameters
    ----------
    out : str or Path
        Folder.
    name : str
        What the files' names start with.
    formats : iterable of str
        Names in `IMAGE_FORMATS`; those of tables are passed over.

    Returns
    -------
    tuple of Path
    """
    chosen = [IMAGE_FORMATS[format_] for format_ in formats if format_ in IMAGE_FORMATS]
    return tuple(as_path(out) / f"{name}{suffix}" for item in chosen for suffix in item.suffixes)
