"""Pixel sizes and information bands as microscopes record them. A new vendor is one file and one line here."""

from __future__ import annotations

import math
from collections.abc import Callable

from segment.io.image_file import ImageFile
from segment.io.vendors import fei, hitachi, imagej, jeol, ome, phenom, tescan, zeiss
from segment.records import Calibration

__all__ = ["BAND_TOPS", "PIXEL_SIZES", "read_band_top", "read_calibration"]

# The microscopes' own tags come before those of programs that may have rewritten the file.
PIXEL_SIZES: tuple[Callable[[ImageFile], Calibration | None], ...] = (
    fei.read_pixel_size,
    zeiss.read_pixel_size,
    tescan.read_pixel_size,
    phenom.read_pixel_size,
    hitachi.read_pixel_size,
    jeol.read_pixel_size,
    ome.read_pixel_size,
    imagej.read_pixel_size,
)

BAND_TOPS: tuple[Callable[[ImageFile], int | None], ...] = (
    fei.read_band_top,
    tescan.read_band_top,
    phenom.read_band_top,
    jeol.read_band_top,
)


def read_calibration(file: ImageFile) -> Calibration:
    """Ask each vendor's reader for the pixel size; the first that knows it is believed.

    Parameters
    ----------
    file : ImageFile
        The file.

    Returns
    -------
    Calibration
        Without a number where no reader knows the file, or what it says is not a positive finite length.
    """
    for read in PIXEL_SIZES:
        calibration = read(file)
        if calibration is None or calibration.pixel_size_um is None:
            continue
        if math.isfinite(calibration.pixel_size_um) and calibration.pixel_size_um > 0:
            return calibration
    return Calibration()


def read_band_top(file: ImageFile) -> int | None:
    """Ask each vendor's reader for the first row of the information band.

    Parameters
    ----------
    file : ImageFile
        The file.

    Returns
    -------
    int or None
        Row from the top; None where no reader knows it.
    """
    return next((top for read in BAND_TOPS if (top := read(file)) is not None), None)
