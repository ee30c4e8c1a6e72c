"""Gatan DigitalMicrograph's exports: TIFF tags 65003 and 65004, units, and 65009 and 65010, the size of a pixel."""

from __future__ import annotations

from segment.io.image_file import ImageFile
from segment.io.vendors.scan import Scan, square
from segment.io.vendors.units import number, um_per_unit

UNITS, SIZES = (65003, 65004), (65009, 65010)


def read_scan(file: ImageFile) -> Scan | None:
    """Read the size of a pixel in the unit beside it; None without both."""
    try:
        width, height = (
            number(file.tag(size)) * um_per_unit(_text(file.tag(unit))) for size, unit in zip(SIZES, UNITS, strict=True)
        )
    except (KeyError, TypeError, ValueError):
        return None
    return Scan(square(width, height), "Gatan tag 65009")


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-16-le" if b"\0" in value[:2] else "latin-1").strip("\0")
    return str(value)
