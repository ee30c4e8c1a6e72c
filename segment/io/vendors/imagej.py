"""ImageJ: a unit in the image description, and the TIFF resolution in pixels per that unit."""

from __future__ import annotations

from segment.io.image_file import ImageFile
from segment.io.vendors.scan import Scan, square
from segment.io.vendors.units import um_per_unit

# ImageJ itself writes centimetres where it opened a file that was made for a printer; these are what printers have.
UM_PER_INCH, PRINTED = 25_400.0, "cm"
DOTS_PER_INCH = (72, 75, 90, 96, 100, 120, 144, 150, 180, 192, 200, 220, 240, 266, 288, 300, 350, 360, 400, 450, 600)
DOTS_PER_INCH += (720, 800, 1200, 2400, 4800)


def read_scan(file: ImageFile) -> Scan | None:
    """Read the scale that was set in ImageJ; None without a unit of length, or where it is a printer's resolution."""
    if file.tiff is None or not file.tiff.is_imagej:
        return None
    unit = (file.tiff.imagej_metadata or {}).get("unit")
    try:
        um = um_per_unit(unit)
        width, height = (_ratio(file.tag(code)) * um for code in (282, 283))
    except (KeyError, TypeError, IndexError, ZeroDivisionError):
        return None
    edge = square(width, height)
    if edge is None or (um >= um_per_unit(PRINTED) and _is_printers(edge)):
        return None
    return Scan(edge, "ImageJ scale", confidence="low")


def _ratio(resolution: tuple[int, int]) -> float:
    return resolution[1] / resolution[0]


def _is_printers(edge_um: float) -> bool:
    dots = UM_PER_INCH / edge_um if edge_um > 0 else 0.0
    return any(abs(dots - customary) < 1e-3 * customary for customary in DOTS_PER_INCH)
