"""JEOL: a ``.txt`` file beside the image with ``$CM_...`` and ``$$SM_...`` lines."""

from __future__ import annotations

import re

from segment.io.image_file import ImageFile
from segment.io.vendors.side_file import entries, read_side_file
from segment.io.vendors.units import UM_PER_UNIT
from segment.records import Calibration


def read_pixel_size(file: ImageFile) -> Calibration | None:
    """Divide ``$$SM_MICRON_MARKER``, a length, by ``$$SM_MICRON_BAR``, its pixels; None if the width was another."""
    found = _entries(file)
    marker = re.fullmatch(r"([\d.]+)\s*(\D+)", found.get("$$SM_MICRON_MARKER", ""))
    size = _full_size(found)
    if marker is None or marker[2] not in UM_PER_UNIT or (size is not None and size[0] != file.shape[1]):
        return None
    try:
        edge = float(marker[1]) * UM_PER_UNIT[marker[2]] / float(found["$$SM_MICRON_BAR"])
    except (KeyError, ValueError, ZeroDivisionError):
        return None
    return Calibration(edge, "JEOL .txt file, $$SM_MICRON_MARKER / $$SM_MICRON_BAR", "high")


def read_band_top(file: ImageFile) -> int | None:
    """Read the height in ``$CM_FULL_SIZE``; None where the image is of another width or not higher than that."""
    size = _full_size(_entries(file))
    if size is None or size[0] != file.shape[1] or not 0 < size[1] < file.shape[0]:
        return None
    return size[1]


def _entries(file: ImageFile) -> dict[str, str]:
    text = read_side_file(file, "{stem}.txt")
    return entries(text, " ") if "$$SM_MICRON_" in text else {}


def _full_size(found: dict[str, str]) -> tuple[int, int] | None:
    numbers = re.fullmatch(r"(\d+)\s+(\d+)", found.get("$CM_FULL_SIZE", ""))
    return None if numbers is None else (int(numbers[1]), int(numbers[2]))
