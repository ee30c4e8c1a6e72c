"""Correct what was read from a file: the information band, the size of a pixel, and what takes part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segment.app.session import Field, Region, Session
from segment.app.settings import read_number
from segment.app.strokes import inside_image
from segment.app.user_error import UserError
from segment.io.exclude import fill
from segment.pipeline import ReadOptions
from segment.records import Band, Calibration

# Beyond them a pixel is smaller than an atom's nucleus, or larger than any micrograph's.
SMALLEST_UM, LARGEST_UM = 1e-7, 1e4
KINDS = ("include", "exclude")


def correct(session: Session, image: str, band_top: object, pixel_size_um: object, everywhere: bool = False) -> Session:
    """Give an image, or all of them, another band and pixel size.

    Parameters
    ----------
    session : Session
    image : str
        File name.
    band_top : object
        First row of the band, as it was typed; empty, or the image's height: no band.
    pixel_size_um : object
        Edge of a pixel in micrometres, as it was typed; empty: not known.
    everywhere : bool, default False
        Whether all images get them.

    Returns
    -------
    Session
        A phase map is dropped where its image got another band, and gets the new pixel size elsewhere.

    Raises
    ------
    UserError
        If the row is not in an image, or the pixel size is not that of a micrograph; names the image.
    """
    chosen = session.index_of(image)
    row = None if band_top in ("", None) else read_number("The first row of the band", band_top)
    size = None if pixel_size_um in ("", None) else _checked_size(read_number("The pixel size in µm", pixel_size_um))
    for index in range(len(session.fields)) if everywhere else (chosen,):
        session = session.with_field(index, corrected(session.fields[index], row, size))
    return session


def reset(session: Session, image: str) -> Session:
    """Return an image to the band and the pixel size that were read from its file."""
    index = session.index_of(image)
    field = session.fields[index]
    own = field.detected.band.top, field.detected.calibration.pixel_size_um
    return session.with_field(index, corrected(field, *own))


def calibrate(
    session: Session, image: str, points: Sequence[Sequence[float]], length_um: object, everywhere: bool = False
) -> Session:
    """Take the pixel size from a line that was drawn over the scale bar.

    Parameters
    ----------
    session : Session
    image : str
    points : sequence of (float, float)
        The two ends of the line, in pixels.
    length_um : object
        What the bar is long, in micrometres, as it was typed.
    everywhere : bool, default False

    Returns
    -------
    Session

    Raises
    ------
    UserError
        If the line is shorter than 5 pixels, or the length is not a positive number.
    """
    field = session.fields[session.index_of(image)]
    ends = inside_image(field, points)
    if len(ends) != 2:
        raise UserError("Draw one straight line over the scale bar, from its one end to the other.")
    pixels = float(np.hypot(ends[0][0] - ends[1][0], ends[0][1] - ends[1][1]))
    if pixels < 5:
        raise UserError(f"The line over the scale bar is {pixels:.1f} pixels long; draw one of 5 pixels at least.")
    size = _checked_size(read_number("The length of the scale bar in µm", length_um) / pixels)
    changed = [corrected(item, item.micrograph.band.top, size) for item in session.fields]
    chosen = session.index_of(image)
    for index in range(len(session.fields)) if everywhere else (chosen,):
        session = session.with_field(index, changed[index])
    return session


def outline(session: Session, image: str, kind: str, points: Sequence[Sequence[float]]) -> Session:
    """Draw a polygon that is to be measured, or one that is to be left out.

    Parameters
    ----------
    session : Session
    image : str
    kind : {"include", "exclude"}
    points : sequence of (float, float)
        Corners, in pixels; three at least.

    Returns
    -------
    Session
        Without the phase map of the image.

    Raises
    ------
    UserError
        If there are fewer than three corners, or nothing would be left of the image.
    """
    index = session.index_of(image)
    field = session.fields[index]
    if kind not in KINDS:
        raise UserError(f"A region is to include or to exclude, not to {kind[:20]!r}.")
    corners = inside_image(field, points)
    if len(corners) < 3:
        raise UserError("A region has three corners at least: draw round it.")
    return session.with_field(index, with_regions(field, (*field.regions, Region(kind, corners))))


def clear_regions(session: Session, image: str) -> Session:
    """Delete all regions of an image, and its mask."""
    index = session.index_of(image)
    return session.with_field(index, with_regions(replace(session.fields[index], mask=None), ()))


def with_regions(field: Field, regions: tuple[Region, ...]) -> Field:
    """Return the field with other regions, and without its map where they change what takes part."""
    changed = replace(field, regions=regions)
    return corrected(changed, field.micrograph.band.top, field.micrograph.calibration.pixel_size_um)


def corrected(field: Field, band_top: float | None, pixel_size_um: float | None) -> Field:
    """Return the field with another band and pixel size; what equals the file's own counts as read from it."""
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
        edge = None if pixel_size_um is None else _checked_size(pixel_size_um)
        calibration = Calibration() if edge is None else Calibration(edge, "user", "high")
    image = field.full[:top]
    valid, colour = _within(field, len(image)), colour_of_rows(detected.colour, image)
    if valid is not None:
        if not valid.any():
            raise UserError(f"{field.file_name}: these regions leave no pixel to measure.")
        image, colour = fill(image, valid), None if colour is None else fill(colour, valid)
    micrograph = replace(before, image=image, band=band, calibration=calibration, valid=valid, colour=colour)
    mapped = field.phase_map
    if mapped is not None:
        is_same = before.image.shape == image.shape and _equal(before.valid, valid)
        mapped = replace(mapped, micrograph=micrograph) if is_same else None
    return replace(field, micrograph=micrograph, options=ReadOptions(word, edge), phase_map=mapped)


def _within(field: Field, rows: int) -> NDArray[np.bool_] | None:
    """Return which pixels of an image with another band take part: of rows that it takes up, all but the regions'."""
    valid = field.detected.valid
    if valid is not None:
        valid = np.pad(valid[:rows], ((0, max(0, rows - len(valid))), (0, 0)), constant_values=True)
    if field.mask is not None:
        valid = field.mask[:rows] if valid is None else valid & field.mask[:rows]
    if not field.regions:
        return valid
    # Slow to load, and most images have none.
    from skimage.draw import polygon

    drawn = {kind: np.zeros((rows, field.full.shape[1]), dtype=bool) for kind in KINDS}
    for region in field.regions:
        # A pixel belongs to a polygon that holds its middle.
        columns, lines = (np.array(region.points) - 0.5).T
        drawn[region.kind][polygon(lines, columns, drawn[region.kind].shape)] = True
    inside = ~drawn["exclude"]
    if any(region.kind == "include" for region in field.regions):
        inside &= drawn["include"]
    return inside if valid is None else inside & valid


def _equal(one: NDArray[np.bool_] | None, other: NDArray[np.bool_] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


def colour_of_rows(colour: NDArray[np.float32] | None, image: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return the colours of an image with another band: rows that it takes up are grey."""
    if colour is None:
        return None
    return np.concatenate([colour[: len(image)], np.repeat(image[len(colour) :, :, None], 3, axis=2)])


def _checked_row(field: Field, row: float) -> int:
    height = field.full.shape[0]
    if row != int(row) or not 1 <= row < height:
        raise UserError(f"{field.file_name}: the band must begin at a whole row from 1 to {height - 1}, not {row:g}.")
    return int(row)


def _checked_size(pixel_size_um: float) -> float:
    if not SMALLEST_UM <= pixel_size_um <= LARGEST_UM:
        raise UserError(
            f"A pixel of {pixel_size_um:g} µm is no micrograph's: its edge lies between {SMALLEST_UM:g} and "
            f"{LARGEST_UM:g} µm. The unit is the micrometre; 1 nm is 0.001 µm."
        )
    return float(pixel_size_um)
