"""OME-TIFF: XML in the image description."""

from __future__ import annotations

from xml.etree import ElementTree

from segment.io.image_file import ImageFile
from segment.io.vendors.scan import Scan, square
from segment.io.vendors.units import number, um_per_unit


def read_scan(file: ImageFile) -> Scan | None:
    """Read ``PhysicalSizeX`` and ``PhysicalSizeY``, micrometres unless said, and ``SizeX`` and ``SizeY``."""
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
            number(pixels.attrib[f"PhysicalSize{axis}"])
            * um_per_unit(pixels.attrib.get(f"PhysicalSize{axis}Unit", "\u00b5m"))
            for axis in "XY"
        )
    except (KeyError, ValueError):
        return None
    sides = [pixels.attrib.get(f"Size{axis}", "") for axis in "XY"]
    size = (int(sides[0]), int(sides[1])) if all(side.isdecimal() for side in sides) else None
    return Scan(square(width, height), "OME-TIFF, PhysicalSizeX", size, has_band=True)
