"""FEI and Thermo Fisher: an INI-like text in TIFF tag 34680 or 34682."""

from __future__ import annotations

from typing import Any

from segment.io.image_file import ImageFile
from segment.records import Calibration


def read_pixel_size(file: ImageFile) -> Calibration | None:
    """Read ``[Scan] PixelWidth`` and ``PixelHeight``, metres; None unless both are there and agree to one per cent."""
    scan = _section(file, "Scan")
    try:
        width, height = float(scan["PixelWidth"]), float(scan["PixelHeight"])
    except (KeyError, TypeError, ValueError):
        return None
    if abs(width - height) > 0.01 * abs(width):
        return None
    return Calibration(width * 1e6, "FEI/Thermo tag, [Scan] PixelWidth", "high")


def read_band_top(file: ImageFile) -> int | None:
    """Read ``[Image] ResolutionY``, the rows of the micrograph proper: the band begins below them."""
    rows = _section(file, "Image").get("ResolutionY")
    return rows if isinstance(rows, int) and rows > 0 else None


def _section(file: ImageFile, name: str) -> dict[str, Any]:
    if file.tiff is None or not file.tiff.is_fei:
        return {}
    section = (file.tiff.fei_metadata or {}).get(name)
    return section if isinstance(section, dict) else {}
