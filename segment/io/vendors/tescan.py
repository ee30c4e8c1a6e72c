"""TESCAN: ``key=value`` lines in TIFF tag 50431, or in a ``.hdr`` file beside the image."""

from __future__ import annotations

from segment.io.image_file import ImageFile
from segment.io.vendors.scan import Scan, square
from segment.io.vendors.side_file import entries, read_side_file
from segment.io.vendors.units import number

TAG = 50431


def read_scan(file: ImageFile) -> Scan | None:
    """Read ``PixelSizeX`` and ``PixelSizeY``, metres, and ``ImageStripSize``, the rows of the band at the foot."""
    edge, source, rows = None, "", None
    for where, found in _sources(file):
        strip = found.get("ImageStripSize", "")
        if rows is None and strip.isdecimal() and 0 < int(strip) < file.shape[0]:
            rows = int(strip)
        try:
            width = square(number(found["PixelSizeX"]), number(found["PixelSizeY"]))
        except (KeyError, ValueError):
            continue
        if edge is None and width is not None:
            edge, source = width * 1e6, f"TESCAN {where}, PixelSizeX"
    return None if edge is None and rows is None else Scan(edge, source, band_rows=rows)


def _sources(file: ImageFile) -> list[tuple[str, dict[str, str]]]:
    """Return the entries of the tag and of the file beside, whichever there are."""
    found = []
    value = file.tag(TAG)
    if value is not None:
        text = value if isinstance(value, str) else bytes(value).decode("latin-1")
        # Some versions put a binary preamble before the text, and NUL after it.
        found.append(("tag 50431", entries(text.replace("\0", "\n"), "=")))
    side = read_side_file(file, "{stem}-{suffix}.hdr", "{stem}.hdr")
    if "PixelSizeX" in side:
        found.append((".hdr file", entries(side, "=")))
    return found
