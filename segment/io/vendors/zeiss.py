"""Zeiss SmartSEM: a text in TIFF tag 34118."""

from __future__ import annotations

from segment.io.image_file import ImageFile
from segment.io.vendors.units import UM_PER_UNIT
from segment.records import Calibration


def read_pixel_size(file: ImageFile) -> Calibration | None:
    """Read ``ap_image_pixel_size``; ``ap_pixel_size`` is the monitor's and is never taken."""
    if file.tiff is None or not file.tiff.is_sem:
        return None
    entry = (file.tiff.sem_metadata or {}).get("ap_image_pixel_size")
    if not isinstance(entry, tuple) or len(entry) != 3:
        return None
    _, value, unit = entry
    if not isinstance(value, (int, float)) or unit not in UM_PER_UNIT:
        return None
    return Calibration(value * UM_PER_UNIT[unit], "Zeiss tag 34118, ap_image_pixel_size", "high")
