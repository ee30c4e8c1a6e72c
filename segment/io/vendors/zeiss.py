"""Zeiss SmartSEM: a text in TIFF tag 34118."""

from __future__ import annotations

import re
from typing import Any

from segment.io.image_file import ImageFile
from segment.io.vendors.scan import Scan
from segment.io.vendors.units import length_um, number, um_per_unit

TAG = 34118
# Lengths are written with three or four digits.
ROUNDING = 0.005


def read_scan(file: ImageFile) -> Scan | None:
    """Read ``AP_IMAGE_PIXEL_SIZE``, or where that is missing divide ``AP_WIDTH`` by the width of the picture.

    ``AP_PIXEL_SIZE`` is the monitor's and is never taken. ``DP_IMAGE_STORE`` is the size that was stored, its band
    included; without it ``AP_WIDTH`` and ``AP_HEIGHT`` tell it.
    """
    found = file.tag(TAG)
    if not isinstance(found, dict):
        return None
    stored = re.findall(r"\d+", str((found.get("dp_image_store") or ("", ""))[1]))
    size = (int(stored[0]), int(stored[1])) if len(stored) == 2 else None
    edge = _length(found.get("ap_image_pixel_size"))
    width, height = _length(found.get("ap_width")), _length(found.get("ap_height"))
    if edge:
        if size is None and width and height:
            size = _nearest((width / edge, height / edge), file.shape)
        return Scan(edge, "Zeiss tag 34118, ap_image_pixel_size", size, has_band=True)
    if width is None:
        return None
    columns = file.shape[1] if size is None else size[0]
    return Scan(width / max(columns, 1), "Zeiss tag 34118, ap_width", size, has_band=True)


def _nearest(sides: tuple[float, float], stored: tuple[int, int]) -> tuple[int, int]:
    """Return a width and height of rounded lengths in whole pixels: those of the stored picture where they fit it."""
    width, height = (
        side if abs(found - side) <= ROUNDING * side else round(found)
        for found, side in zip(sides, stored[::-1], strict=True)
    )
    return width, height


def _length(entry: Any) -> float | None:
    """Return a length of the tag, which tifffile splits at its unit where the number has a decimal point."""
    if not isinstance(entry, tuple) or len(entry) < 2:
        return None
    try:
        return length_um(str(entry[1])) if len(entry) == 2 else number(entry[1]) * um_per_unit(entry[2])
    except (KeyError, ValueError):
        return None
