"""Phenom desktop microscopes: an XML document ``FeiImage`` inside the TIFF or at the end of the JPEG."""

from __future__ import annotations

from xml.etree import ElementTree

from segment.io.image_file import ImageFile
from segment.io.vendors.units import UM_PER_UNIT
from segment.records import Calibration

START, END = b"<FeiImage", b"</FeiImage>"


def read_pixel_size(file: ImageFile) -> Calibration | None:
    """Read ``pixelWidth`` and ``pixelHeight`` with their units; None where they differ by over one per cent."""
    root = _document(file)
    if root is None:
        return None
    width, height = _length(root, "pixelWidth"), _length(root, "pixelHeight")
    if width is None or (height is not None and abs(width - height) > 0.01 * abs(width)):
        return None
    return Calibration(width, "Phenom XML, pixelWidth", "high")


def read_band_top(file: ImageFile) -> int | None:
    """Read ``databarHeight``, the rows of the band at the foot; None where it is none or not less than the image."""
    root = _document(file)
    rows = "" if root is None else (root.findtext(".//databarHeight") or "").strip()
    return file.shape[0] - int(rows) if rows.isdecimal() and 0 < int(rows) < file.shape[0] else None


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
        return float(element.text or "") * UM_PER_UNIT[element.attrib["unit"]]
    except (KeyError, ValueError):
        return None
