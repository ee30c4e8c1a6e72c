"""Objects as GeoJSON features, as ImageJ regions of interest, and as a table."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.interchange.table import require_pyarrow
from segment.io import atomic_path, write_text
from segment.records import Objects, Outline, Table

# The oldest date that a ZIP file knows: the same objects make the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)


def write_objects_geojson(
    path: str | Path, objects: Objects, outlines: Sequence[Outline], *, in_micrometres: bool = False
) -> None:
    """Write a Feature for each object: its outline as a Polygon, its row of the table as properties.

    x points right and y down from the upper left corner of the image; rings have a positive shoelace area in these
    numbers (RFC 7946, 3.1.6).

    Parameters
    ----------
    path : str or Path
        Where to.
    objects : Objects
    outlines : sequence of Outline
        One a row of the table, in its order, as `segment.objects.trace_outlines` returns them.
    in_micrometres : bool, default False
        Whether coordinates are micrometres rather than pixels.

    Raises
    ------
    ValueError
        If the outlines are not those of the objects, or micrometres are asked for and the pixel size is not known.
    segment.io.OutputError
        If the file cannot be written.
    """
    check_outlines(objects, outlines)
    if in_micrometres and objects.pixel_size_um is None:
        raise ValueError("in_micrometres needs the size of a pixel, which is not known")
    scale = objects.pixel_size_um if in_micrometres else None
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [_scaled(outline.points, scale).tolist()]},
            "properties": {"objectType": "detection", **row},
        }
        for outline, row in zip(outlines, objects.table.rows(), strict=True)
    ]
    content: dict[str, Any] = {
        "type": "FeatureCollection",
        "unit": "micrometres" if in_micrometres else "pixels",
        "axes": "x to the right, y down, from the upper left corner of the image",
        "features": features,
    }
    write_text(path, json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n")


def write_rois(path: str | Path, objects: Objects, outlines: Sequence[Outline]) -> None:
    """Write the outlines as a set of ImageJ regions of interest, a ZIP file for its ROI Manager.

    Parameters
    ----------
    path : str or Path
        Where to; ImageJ expects a name that ends in ``.zip``.
    objects : Objects
    outlines : sequence of Outline
        One a row of the table, in its order; corners keep their fractions of a pixel.

    Raises
    ------
    ValueError
        If the outlines are not those of the objects.
    segment.io.OutputError
        If the file cannot be written.
    """
    from roifile import ImagejRoi

    check_outlines(objects, outlines)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for outline in outlines:
            name = f"{outline.label:05d}"
            region = ImagejRoi.frompoints(outline.points[:-1].astype(np.float32), name=name)
            archive.writestr(zipfile.ZipInfo(f"{name}.roi", EPOCH), region.tobytes())
    with atomic_path(path) as temporary:
        temporary.write_bytes(stream.getvalue())


def write_table_parquet(path: str | Path, table: Table) -> None:
    """Write a table as Parquet, typed.

    Parameters
    ----------
    path : str or Path
        Where to.
    table : Table

    Raises
    ------
    ValueError
        If pyarrow is not installed; says what brings it.
    segment.io.OutputError
        If the file cannot be written.
    """
    require_pyarrow()
    import pyarrow
    from pyarrow import parquet

    with atomic_path(path) as temporary:
        parquet.write_table(pyarrow.table(dict(table.columns)), temporary)


def check_outlines(objects: Objects, outlines: Sequence[Outline]) -> None:
    """Raise ValueError unless there is one outline for each row of the table, in its order."""
    ids = objects.table["label"].tolist()
    found = [outline.label for outline in outlines]
    if found != ids:
        raise ValueError(f"outlines must be those of the {len(ids)} objects, in their order; got {len(found)}")


def _scaled(points: NDArray[np.float64], scale: float | None) -> NDArray[np.float64]:
    # A thousandth of a pixel is finer than any outline.
    return np.round(points, 3) if scale is None else np.round(points * scale, 3 - math.floor(math.log10(scale)))
