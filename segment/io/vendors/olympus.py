"""Olympus SIS: TIFF tag 33560."""

from __future__ import annotations

from segment.io.image_file import ImageFile
from segment.io.vendors.scan import Scan, square

TAG = 33560


def read_scan(file: ImageFile) -> Scan | None:
    """Read the size of a pixel, metres; None where the tag does not hold it."""
    found = file.tag(TAG)
    if not isinstance(found, dict):
        return None
    try:
        edge = square(float(found["pixelsizex"]), float(found["pixelsizey"]))
    except (KeyError, TypeError, ValueError):
        return None
    return None if edge is None else Scan(edge * 1e6, "Olympus SIS tag 33560", confidence="high")
