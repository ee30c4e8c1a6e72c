"""OME-TIFF: XML in the image description."""

from __future__ import annotations

from xml.etree import ElementTree

from segment.io.image_file import ImageFile
from segment.io.vendors.units import UM_PER_UNIT
from segment.records import Calibration


def read_pixel_size(file: ImageFile) -> Calibration | None:
    """Read ``PhysicalSizeX`` and ``PhysicalSizeY`` (micrometres unless said); None where they differ by over 1 %."""
    if file.tiff is None or not file.tiff.is_ome or not file.tiff.ome_metadata:
        return None
    try:
        root = ElementTree.fromstring(file.tiff.ome_metadata)
    except ElementTree.ParseError:
        return None
    pixels = next((element for element in root.iter() if element.tag.endswith("}Pixels")), None)
    if pixels is None:
        return None
    try:
        width, height = (
            float(pixels.attrib[f"PhysicalSize{axis}"])
            * UM_PER_UNIT[pixels.attrib.get(f"PhysicalSize{axis}Unit", "\u00b5m")]
            for axis in "XY"
        )
    except (KeyError, ValueError):
        return None
    if abs(width - height) > 0.01 * abs(width):
        return None
    return Calibration(width, "OME-TIFF, PhysicalSizeX", "high")
