"""FEI and Thermo Fisher: an INI-like text in TIFF tag 34680 or 34682, or XML in tag 34683."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from segment.io.image_file import ImageFile
from segment.io.vendors.scan import Scan, square
from segment.io.vendors.units import number, um_per_unit

TEXTS, XML = (34680, 34682), 34683


def read_scan(file: ImageFile) -> Scan | None:
    """Read ``[Scan] PixelWidth``, metres, and ``[Image] ResolutionX`` and ``ResolutionY``, which do not count the band.

    Of XML, ``BinaryResult/PixelSize`` and ``ImageSize``. Width and height of a pixel must agree to one per cent.
    """
    found: dict[str, Any] = {}
    for code in TEXTS:
        value = file.tag(code)
        found.update(value if isinstance(value, dict) else {})
    if not found:
        return _read_xml(file)
    scan, image = (section if isinstance(section := found.get(name), dict) else {} for name in ("Scan", "Image"))
    try:
        edge = square(number(scan["PixelWidth"]), number(scan["PixelHeight"]))
    except (KeyError, ValueError):
        edge = None
    width, height = (side if isinstance(side := image.get(f"Resolution{axis}"), int) else 0 for axis in "XY")
    if edge is None and height <= 0:
        return None
    # Without its width, the picture is taken to have it.
    size = (width if width > 0 else file.shape[1], height) if height > 0 else None
    return Scan(None if edge is None else edge * 1e6, "FEI/Thermo tag, [Scan] PixelWidth", size)


def _read_xml(file: ImageFile) -> Scan | None:
    text = file.tag(XML)
    try:
        data = text if isinstance(text, str) else bytes(text or b"").decode("utf-8", "replace")
        root = ElementTree.fromstring(data[max(data.find("<"), 0) :].strip("\0 \r\n"))
    except (ElementTree.ParseError, TypeError, ValueError):
        return None
    try:
        edge = square(*(_metres(root.find(f".//PixelSize/{axis}")) for axis in "XY"))
    except (KeyError, ValueError):
        return None
    sides = [root.findtext(f".//ImageSize/{axis}", "").strip() for axis in "XY"]
    size = (int(sides[0]), int(sides[1])) if all(side.isdecimal() for side in sides) else None
    return Scan(None if edge is None else edge * 1e6, "FEI/Thermo XML, BinaryResult/PixelSize", size, has_band=True)


def _metres(element: ElementTree.Element | None) -> float:
    if element is None:
        raise ValueError("no such element")
    power = int(element.attrib.get("unitPrefixPower", "0"))
    return number(element.text) * 10.0**power * um_per_unit(element.attrib.get("unit") or "m") * 1e-6
