"""ImageJ: a unit in the image description, and the TIFF resolution in pixels per that unit."""

from __future__ import annotations

from segment.io.image_file import ImageFile
from segment.io.vendors.units import UM_PER_UNIT
from segment.records import Calibration


def read_pixel_size(file: ImageFile) -> Calibration | None:
    """Read the scale that was set in ImageJ; None without a unit of length, or where x and y differ by over 1 %."""
    if file.tiff is None or not file.tiff.is_imagej:
        return None
    unit = (file.tiff.imagej_metadata or {}).get("unit")
    tags = file.tiff.pages.first.tags
    try:
        um = UM_PER_UNIT[str(unit).replace("\\u00B5", "\u00b5")]
        width, height = (value[1] / value[0] * um for value in (tags["XResolution"].value, tags["YResolution"].value))
    except (KeyError, TypeError, IndexError, ZeroDivisionError):
        return None
    if abs(width - height) > 0.01 * abs(width):
        return None
    return Calibration(width, "ImageJ scale", "low")
