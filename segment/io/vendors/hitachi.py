"""Hitachi: a ``.txt`` file beside the image that begins with ``[SemImageFile]``."""

from __future__ import annotations

import re

from segment.io.image_file import ImageFile
from segment.io.vendors.scan import Scan
from segment.io.vendors.side_file import entries, read_side_file
from segment.io.vendors.units import number

SECTIONS = ("[SemImageFile]", "[TemImageFile]")


def read_scan(file: ImageFile) -> Scan | None:
    """Read ``PixelSize``, nanometres, and ``DataSize``, the width and height that it is said for, its band included."""
    text = read_side_file(file, "{stem}.txt")
    if not any(section in text for section in SECTIONS):
        return None
    found = entries(text, "=")
    try:
        edge = number(found["PixelSize"])
    except (KeyError, ValueError):
        return None
    sides = re.fullmatch(r"(\d+)\s*[xX*]\s*(\d+)", found.get("DataSize", ""))
    size = None if sides is None else (int(sides[1]), int(sides[2]))
    return Scan(edge * 1e-3, "Hitachi .txt file, PixelSize", size, has_band=True)
