"""Phenom desktop microscopes: an XML document ``FeiImage`` inside the TIFF or at the end of the JPEG."""

from __future__ import annotations

from xml.etree import ElementTree

from segment.io.image_file import ImageFile
from segment.io.vendors.scan import Scan, square
from segment.io.vendors.units import number, um_per_unit

START, END = b"<FeiImage", b"</FeiImage>"


def read_scan(file: ImageFile) -> Scan | None:
    """Read ``pixelWidth`` and ``pixelHeight`` with their units, and ``databarHeight``, the rows of the band."""
    root = _document(file)
    if root is None:
        return None
    width, height = _length(root, "pixelWidth"), _length(root, "pixelHeight")
    edge = None if width is None else width if height is None else square(width, height)
    text = (root.findtext(".//databarHeight") or "").strip()
    rows = int(text) if text.isdecimal() and 0 < int(text) < file.shape[0] else None
    return None if edge is None and rows is None else Scan(edge, "Phenom XML, pixelWidth", band_rows=rows)


def _document(file: ImageFile) -> ElementTree.Element | None:
    start = file.data.rfind(START)
    end = file.data.find(END, start)
    if start < 0 or end < 0:
        return None
    try:
        return ElementTree.fromstring(file.data[start : end + len(END)])
    except (ElementTree.ParseError, ValueError):
        return None


def _length(root: ElementTree.Element, name: str) -> float | None:
    element = root.find(f".//{name}")
    if element is None:
        return None
    try:
        return number(element.text or "") * um_per_unit(element.attrib["unit"])
    except (KeyError, ValueError):
        return None
