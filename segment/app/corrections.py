"""Correct what was read from a file: where the information band begins, and how large a pixel is."""

from __future__ import annotations

import math
from dataclasses import replace

from segment.app.session import Field, Session, UserError
from segment.pipeline import ReadOptions
from segment.records import Band, Calibration


def correct(session: Session, band_top: float | None, pixel_size_um: float | None, *, everywhere: bool) -> Session:
    """Give the shown image, or all of them, another band and pixel size.

    Parameters
    ----------
    session : Session
    band_top : float or None
        First row of the band; None, or the image's height: no band.
    pixel_size_um : float or None
        Edge of a pixel in micrometres; None: not known.
    everywhere : bool
        Whether all images get them.

    Returns
    -------
    Session
        A phase map is dropped where its image got another band, and gets the new pixel size elsewhere.

    Raises
    ------
    UserError
        If there is no image, the row is not in it, or the pixel size is not a positive number; names the image.
    """
    if session.field is None:
        raise UserError("There is no image yet: drop one first.")
    for index in range(len(session.fields)) if everywhere else (session.current,):
        session = session.with_field(index, corrected(session.fields[index], band_top, pixel_size_um))
    return session


def _checked_size(pixel_size_um: float | None) -> float | None:
    if pixel_size_um is None:
        return None
    if not (math.isfinite(pixel_size_um) and pixel_size_um > 0):
        raise UserError(f"The pixel size must be a positive number of micrometres, not {pixel_size_um:g}.")
    return float(pixel_size_um)


def corrected(field: Field, band_top: float | None, pixel_size_um: float | None) -> Field:
    """Return the field with another band and pixel size; what equals the file's own counts as read from it."""
    pixel_size_um = _checked_size(pixel_size_um)
    height = field.full.shape[0]
    top = None if band_top is None or band_top == height else _checked_row(field, band_top)
    detected, before = field.detected, field.micrograph
    if top == detected.band.top:
        band, word = detected.band, "auto"
    else:
        band, word = (Band(), "none") if top is None else (Band(top, "user"), top)
    if pixel_size_um == detected.calibration.pixel_size_um:
        calibration, edge = detected.calibration, None
    else:
        calibration = Calibration() if pixel_size_um is None else Calibration(pixel_size_um, "user", "high")
        edge = pixel_size_um
    micrograph = replace(before, image=field.full[:top], band=band, calibration=calibration)
    mapped = field.phase_map
    if mapped is not None:
        mapped = None if before.image.shape != micrograph.image.shape else replace(mapped, micrograph=micrograph)
    return replace(field, micrograph=micrograph, options=ReadOptions(word, edge), phase_map=mapped)


def _checked_row(field: Field, row: float) -> int:
    height = field.full.shape[0]
    if row != int(row) or not 1 <= row < height:
        raise UserError(f"{field.file_name}: the band must begin at a whole row from 1 to {height - 1}, not {row:g}.")
    return int(row)
