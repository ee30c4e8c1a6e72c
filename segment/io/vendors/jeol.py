"""JEOL: a ``.txt`` file beside the image with ``$CM_...`` and ``$$SM_...`` lines."""

from __future__ import annotations

import re

from segment.io.image_file import ImageFile
from segment.io.vendors.scan import Scan
from segment.io.vendors.side_file import entries, read_side_file
from segment.io.vendors.units import length_um, number

# The width of the print, in micrometres, that JEOL's magnifications are said for.
PRINT_UM = 128_000
LENGTH = r"[\d.,]+(?:[eE][+-]?\d+)?"


def read_scan(file: ImageFile) -> Scan | None:
    """Read the size of a pixel from the best of three entries, and the size of the image from ``$CM_FULL_SIZE``.

    ``$$SM_MICRON_MARKER``, a length, over ``$$SM_MICRON_BAR``, its pixels; else ``$CM_FIELD_OF_VIEW``, micrometres
    unless it says otherwise, over the width; else the print's 128 mm over ``$CM_MAG`` and the width.
    """
    text = read_side_file(file, "{stem}.txt")
    if "$CM_" not in text and "$$SM_" not in text:
        return None
    found = _entries(text)
    sides = re.fullmatch(r"(\d+)\s+(\d+)", found.get("$CM_FULL_SIZE", found.get("$CM_IMAGE_SIZE", "")))
    size = None if sides is None else (int(sides[1]), int(sides[2]))
    width = file.shape[1] if size is None else size[0]
    has_band = size is None or size[1] >= file.shape[0]
    for source, read in (
        ("$$SM_MICRON_MARKER / $$SM_MICRON_BAR", lambda: _marker(found)),
        ("$CM_FIELD_OF_VIEW", lambda: _view(found["$CM_FIELD_OF_VIEW"]) / width),
        ("$CM_MAG", lambda: PRINT_UM / number(found["$CM_MAG"]) / width),
    ):
        try:
            return Scan(read(), f"JEOL .txt file, {source}", size, has_band=has_band)
        except (KeyError, ValueError, ZeroDivisionError):
            continue
    return None if size is None else Scan(None, "", size, has_band=has_band)


def _marker(found: dict[str, str]) -> float:
    return length_um(found["$$SM_MICRON_MARKER"]) / number(found["$$SM_MICRON_BAR"])


def _view(text: str) -> float:
    """Return the width of the field of view: the first of one or two lengths, with a unit or without."""
    first = re.match(rf"\s*({LENGTH})\s*([^\d\s]*)", text)
    if first is None:
        raise ValueError(text)
    return length_um(first[0]) if first[2] else number(first[1])


def _entries(text: str) -> dict[str, str]:
    # Keys end at the first blank, be it a tab.
    return entries("\n".join(re.sub(r"^(\S+)\s+", r"\1 ", line) for line in text.splitlines()), " ")
