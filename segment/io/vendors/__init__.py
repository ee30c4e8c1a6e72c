"""Pixel sizes and information bands as microscopes record them. A new vendor is one file and one line here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from segment.io.image_file import ImageFile
from segment.io.vendors import fei, gatan, hitachi, imagej, jeol, olympus, ome, phenom, tescan, zeiss
from segment.io.vendors.scan import Scan, shrinkage
from segment.records import Calibration

__all__ = ["SCANS", "read_band_top", "read_calibration"]

# The microscopes' own tags come before those of programs that may have rewritten the file.
SCANS: tuple[Callable[[ImageFile], Scan | None], ...] = (
    fei.read_scan,
    zeiss.read_scan,
    tescan.read_scan,
    phenom.read_scan,
    hitachi.read_scan,
    jeol.read_scan,
    olympus.read_scan,
    gatan.read_scan,
    ome.read_scan,
    imagej.read_scan,
)


# A tenth of a picometre, and a centimetre: no pixel of a micrograph is smaller, or larger.
SMALLEST_UM, LARGEST_UM = 1e-7, 1e4


def read_calibration(file: ImageFile, band_top: int | None = None) -> tuple[Calibration, tuple[str, ...]]:
    """Ask each vendor's reader for the pixel size; the first that knows it is believed.

    Parameters
    ----------
    file : ImageFile
        The file.
    band_top : int or None, default None
        Where the information band begins, for pictures resized with it.

    Returns
    -------
    calibration : Calibration
        Without a number where no reader knows the file, or what it says is no length from 0.1 pm to 1 cm. Where the
        metadata describe a picture of another size, the number is that of the stored one, with confidence "low".
    notes : tuple of str
        What was corrected, or not believed and why, a sentence each.
    """
    notes = []
    for scan in _scans(file):
        edge = scan.pixel_um
        if edge is None:
            continue
        if not (math.isfinite(edge) and edge > 0):
            notes.append(f"{scan.source} was not used: it gives pixels of {edge:g} um, which is not above 0")
            continue
        if not SMALLEST_UM <= edge <= LARGEST_UM:
            notes.append(f"{scan.source} was not used: it gives pixels of {edge:g} um, which no microscope has")
            continue
        ratio = 1.0 if scan.size is None else shrinkage(scan.size, file.shape, band_top)
        if ratio == 1.0:
            return Calibration(edge, scan.source, scan.confidence), tuple(notes)
        width, height = scan.size or (0, 0)
        sizes = f"a picture of {width} x {height} pixels, and {file.shape[1]} x {file.shape[0]} are stored"
        if ratio is None:
            notes.append(f"{scan.source} was not used: it describes {sizes}, which is no resizing of it")
            continue
        notes.append(f"{scan.source} describes {sizes}: {edge:.6g} um a pixel became {edge * ratio:.6g} um")
        return Calibration(edge * ratio, f"{scan.source}, resized", "low"), tuple(notes)
    return Calibration(), tuple(notes)


def read_band_top(file: ImageFile) -> int | None:
    """Ask each vendor's reader for the first row of the information band.

    Parameters
    ----------
    file : ImageFile
        The file.

    Returns
    -------
    int or None
        Row from the top, the height of the image where there is none; None where no reader knows it, or the picture
        has another size than that which its metadata describe.
    """
    rows = file.shape[0]
    for scan in _scans(file):
        if scan.band_rows is not None:
            return rows - scan.band_rows
        if scan.size is not None and not scan.has_band:
            ratio = shrinkage(scan.size, file.shape, None)
            if ratio == 1.0 and file.shape[1] == scan.size[0]:
                return min(scan.size[1], rows)
            if ratio is not None and ratio != 1.0:
                return rows
    return None


def _scans(file: ImageFile) -> Iterator[Scan]:
    for read in SCANS:
        scan = read(file)
        if scan is not None:
            # A size of nothing says nothing.
            yield scan if scan.size is None or min(scan.size) > 0 else replace(scan, size=None)
