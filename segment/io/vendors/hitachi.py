"""Hitachi: a ``.txt`` file beside the image that begins with ``[SemImageFile]``."""

from __future__ import annotations

from segment.io.image_file import ImageFile
from segment.io.vendors.side_file import entries, read_side_file
from segment.records import Calibration

SECTIONS = ("[SemImageFile]", "[TemImageFile]")


def read_pixel_size(file: ImageFile) -> Calibration | None:
    """Read ``PixelSize``, nanometres; None where ``DataSize`` says that the image had another width."""
    text = read_side_file(file, "{stem}.txt")
    if not any(section in text for section in SECTIONS):
        return None
    found = entries(text, "=")
    try:
        size = float(found["PixelSize"])
        # An image resized since no longer has the pixels that the file beside it describes.
        width = int(found.get("DataSize", str(file.shape[1])).lower().partition("x")[0])
    except (KeyError, ValueError):
        return None
    return Calibration(size * 1e-3, "Hitachi .txt file, PixelSize", "high") if width == file.shape[1] else None
