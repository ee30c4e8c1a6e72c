"""Phase maps and measurements in the formats of other programs. A new format is one file and one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from segment.interchange.geojson import write_geojson
from segment.interchange.npz import write_phase_npz
from segment.interchange.polygons import Region, trace_regions
from segment.interchange.table import require_pyarrow, write_parquet
from segment.interchange.tiff import write_imagej, write_ome_tiff
from segment.records import PhaseMap

__all__ = [
    "IMAGE_FORMATS",
    "TABLE_FORMATS",
    "Region",
    "check_formats",
    "export_phase_map",
    "trace_regions",
    "write_geojson",
    "write_imagej",
    "write_ome_tiff",
    "write_parquet",
    "write_phase_npz",
]

IMAGE_FORMATS: dict[str, Callable[[PhaseMap, Path, str], tuple[Path, ...]]] = {
    "ome-tiff": write_ome_tiff,
    "imagej": write_imagej,
    "npz": write_phase_npz,
    "geojson": write_geojson,
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
            written += IMAGE_FORMATS[chosen](phase_map, Path(out), name)
    return tuple(written)
