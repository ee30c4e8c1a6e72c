"""TESCAN: ``key=value`` lines in TIFF tag 50431, or in a ``.hdr`` file beside the image."""

from __future__ import annotations

from segment.io.image_file import ImageFile
from segment.io.vendors.side_file import entries, read_side_file
from segment.records import Calibration

TAG = 50431


def read_pixel_size(file: ImageFile) -> Calibration | None:
    """Read ``PixelSizeX`` and ``PixelSizeY``, metres; None unless both are there and agree to one per cent."""
    for where, found in _sources(file):
        try:
            width, height = float(found["PixelSizeX"]), float(found["PixelSizeY"])
        except (KeyError, ValueError):
            continue
        if abs(width - height) <= 0.01 * abs(width):
            return Calibration(width * 1e6, f"TESCAN {where}, PixelSizeX", "high")
    return None


def read_band_top(file: ImageFile) -> int | None:
    """Read ``ImageStripSize``, the rows of the band at the foot; None where it is none or not less than the image."""
    for _, found in _sources(file):
        rows = found.get("ImageStripSize", "")
        if rows.isdecimal() and 0 < int(rows) < file.shape[0]:
            return file.shape[0] - int(rows)
    return None


def _sources(file: ImageFile) -> list[tuple[str, dict[str, str]]]:
    """Return the entries of the tag and of the file beside, whichever there are."""
    found = []
    tag = file.tiff.pages.first.tags.get(TAG) if file.tiff is not None else None
    if tag is not None:
        text = tag.value if isinstance(tag.value, str) else bytes(tag.value).decode("latin-1")
        # Some versions put a binary preamble before the text, and NUL after it.
        found.append(("tag 50431", entries(text.replace("\0", "\n"), "=")))
    side = read_side_file(file, "{stem}-{suffix}.hdr", "{stem}.hdr")
    if "PixelSizeX" in side:
        found.append((".hdr file", entries(side, "=")))
    return found
