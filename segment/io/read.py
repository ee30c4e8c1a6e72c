"""Read one micrograph from a file or an array."""

from __future__ import annotations

import hashlib
import math
import operator
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segment.io.band import NEAR, find_band, find_expected
from segment.io.colour import has_colour
from segment.io.decode import decode_picture
from segment.io.errors import ImageReadError
from segment.io.exclude import check_mask, fill, find_borders, find_mask, read_mask
from segment.io.formats.electron import decode_electron, is_electron
from segment.io.formats.picture import Picture
from segment.io.formats.tiff import open_tiff
from segment.io.grey import Grey, to_grey
from segment.io.image_file import ImageFile
from segment.io.location import as_path
from segment.io.overlays import Overlays, find_overlays
from segment.io.own import read_all
from segment.io.scale_bar import by_scale_bar, calibrate
from segment.io.vendors import read_calibration
from segment.records import Band, Calibration, Micrograph

__all__ = ["ImageReadError", "from_array", "read_micrograph"]

COLOURED = "its colours separate more than its grey levels do: its phases are described by both"


def read_micrograph(
    path: str | Path,
    *,
    band: str | int = "auto",
    pixel_size_um: float | None = None,
    page: int | None = None,
    channel: int | None = None,
    grey_range: Sequence[float] | None = None,
    mask: str | Path | None = None,
    borders: str = "auto",
    scale_bar_um: float | str | None = "auto",
    colour: str = "auto",
    overlays: str = "auto",
    usual_band: int | None = None,
) -> Micrograph:
    """Read an image file, crop its information band and look up its pixel size.

    Parameters
    ----------
    path : str or Path
        PNG, JPEG, JPEG 2000, TIFF, BMP, WebP, PGM, PPM or .npy; the content says what it is, not the suffix. Grey, RGB,
        CMYK, palette, with or without alpha; 8 or 16 bits an integer, or floats in [0, 1]. By their suffix .dm3, .dm4,
        .emd, .ser, .emi, .mrc, .hspy, .zspy and .bcf, where RosettaSciIO is installed.
    band : {"auto", "none"} or int, default "auto"
        "auto" takes the band from the metadata, else looks for it in the pixels; "none" keeps every row; a number is
        the first row of the band, in pixels from the top.
    pixel_size_um : float or None, default None
        Edge of a pixel in micrometres, if you know better than the file. None reads it from the metadata. The print
        resolution (DPI) of a file is never taken for it.
    page : int or None, default None
        Which image of a TIFF that holds several, from 1; None takes the largest, of several that size the rawest, and
        `Micrograph.notes` says which it was.
    channel : int or None, default None
        Which channel of an image that has several, from 1, is the grey level; None takes them for colours.
    grey_range : (float, float) or None, default None
        The values that become black and white; what lies beyond is cut off. None takes the whole range of uint8, of
        uint16 and of floats in [0, 1]; of other numbers their 0.1 % and 99.9 % quantiles.
    mask : str, Path or None, default None
        Image that is zero where pixels take no part; of the picture's size, with its band or without. In a folder
        ``NAME_mask.png`` or ``NAME.png``.
    borders : {"auto", "none"}, default "auto"
        "auto" excludes black rows and columns at the edges, see `segment.io.exclude.find_borders`; "none" keeps them.
    scale_bar_um : float, "auto" or "none", default "auto"
        Length of the scale bar in the information band, in micrometres, as its label says; "auto" reads the label, see
        `segment.io.scale_bar.read_bar`. Where the file does not say its pixel size with confidence, the bar says it;
        where it does, whether the two agree is among the notes. "none", or None, looks for no bar.
    colour : {"auto", "none"}, default "auto"
        "auto" keeps the colours of a picture where they say more than its grey levels, see
        `segment.io.colour.has_colour`, and `Micrograph.notes` says so; "none" keeps grey levels alone.
    overlays : {"auto", "none"}, default "auto"
        "auto" excludes scale bars, labels and marks that are burnt into the micrograph, see
        `segment.io.overlays.find_overlays`; "none" keeps them.
    usual_band : int or None, default None
        First row of the band in other images of this size and kind. With `band` "auto", and no band in the metadata, it
        counts where the picture allows it, see `segment.io.band.find_expected`; `Micrograph.notes` says so. The height
        of the picture where the others have none: that is only said.

    Returns
    -------
    Micrograph
        Its image is float32, shape (h, w), in [0, 1]: integers divided by the largest value of their type, colours
        reduced to Rec. 601 luma, alpha dropped. It is turned as its EXIF orientation says. Pixels that are NaN,
        infinite or transparent are excluded, see `Micrograph.valid`.

    Raises
    ------
    ImageReadError
        The file cannot be opened, is empty, truncated, no image, or holds several images of one kind. Names the file
        and what was found.
    ValueError
        `band` is neither of the words nor a row of the image; `pixel_size_um` is not a positive number.

    Examples
    --------
    >>> import tempfile
    >>> from segment.io import write_png
    >>> path = Path(tempfile.mkdtemp()) / "a.png"
    >>> write_png(path, np.full((20, 30), 51, np.uint8))
    >>> micrograph = read_micrograph(path)
    >>> micrograph.image.shape, float(micrograph.image[0, 0]), micrograph.channels
    ((20, 30), 0.20000000298023224, 'grey')
    """
    path = as_path(path)
    try:
        data = read_all(path)
    except OSError as error:
        raise ImageReadError(f"cannot read '{path}': {error.strerror or error}") from error
    return read_bytes(
        data,
        path,
        band=band,
        pixel_size_um=pixel_size_um,
        page=page,
        channel=channel,
        grey_range=grey_range,
        mask=mask,
        borders=borders,
        scale_bar_um=scale_bar_um,
        colour=colour,
        overlays=overlays,
        usual_band=usual_band,
    )


def read_bytes(
    data: bytes,
    path: Path,
    *,
    band: str | int = "auto",
    pixel_size_um: float | None = None,
    page: int | None = None,
    channel: int | None = None,
    grey_range: Sequence[float] | None = None,
    mask: str | Path | None = None,
    borders: str = "auto",
    scale_bar_um: float | str | None = "auto",
    colour: str = "auto",
    overlays: str = "auto",
    usual_band: int | None = None,
) -> Micrograph:
    """Read a micrograph from the bytes of the file `path`; all else as in `read_micrograph`."""
    user_calibration = _user_calibration(pixel_size_um)
    levels = _checked_range(grey_range)
    _check_word("colour", colour)
    _check_word("overlays", overlays)
    bar = _checked_bar(scale_bar_um)
    picture, grey = _decoded(data, path, page, channel, levels)
    image = grey.image
    tiff = open_tiff(data)
    try:
        file = ImageFile(path, data, tiff, (image.shape[0], image.shape[1]), picture.page)
        found, said = _band(band, usual_band, image, file)
        calibration, notes = user_calibration or picture.calibration, ()
        if calibration is None:
            calibration, notes = read_calibration(file, found.top)
    finally:
        if tiff is not None:
            tiff.close()
    if bar is not None and user_calibration is None:
        length_um = None if isinstance(bar, str) else bar
        calibration, reasons = by_scale_bar(image, found.top, length_um, calibration)
        notes += reasons
    image = np.ascontiguousarray(image[: found.top])
    notes = (*picture.notes, *said, *notes)
    if grey.levels is not None and levels is None:
        notes += (f"grey levels from {grey.levels[0]:.6g} to {grey.levels[1]:.6g}, 0.1 % cut off at either end",)
    try:
        burnt_in = _overlays(image, grey) if overlays == "auto" else None
        valid, reasons = _excluded(image, grey, path, mask, borders, burnt_in)
    except ImageReadError as error:
        raise ImageReadError(f"cannot read '{path}': {error}") from error
    if burnt_in is not None and burnt_in.reading is not None and user_calibration is None and bar == "auto":
        calibration, reasons_of_bar = calibrate(burnt_in.reading, calibration)
        reasons += reasons_of_bar
    rgb = _colours(grey, len(image), valid, colour)
    if rgb is not None:
        notes += (COLOURED,)
    return Micrograph(
        image=image if valid is None else fill(image, valid),
        name=path.stem,
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        dtype=str(picture.pixels.dtype),
        channels=grey.channels,
        read_shape=grey.image.shape,
        band=found,
        calibration=calibration,
        valid=valid,
        colour=rgb,
        levels=grey.levels,
        notes=(*notes, *reasons),
    )


def locate_band(
    path: str | Path, *, page: int | None = None, channel: int | None = None, grey_range: Sequence[float] | None = None
) -> tuple[tuple[int, int], Band]:
    """Return the height and width of a picture and where its band begins, in less time than it takes to read it.

    Parameters
    ----------
    path : str or Path
    page, channel, grey_range : optional
        As `read_micrograph` takes them.

    Returns
    -------
    shape : (int, int)
    band : Band

    Raises
    ------
    ImageReadError
        As `read_micrograph`.
    """
    path = as_path(path)
    try:
        data = read_all(path)
    except OSError as error:
        raise ImageReadError(f"cannot read '{path}': {error.strerror or error}") from error
    picture, grey = _decoded(data, path, page, channel, _checked_range(grey_range))
    shape = (grey.image.shape[0], grey.image.shape[1])
    tiff = open_tiff(data)
    try:
        return shape, find_band(grey.image, ImageFile(path, data, tiff, shape, picture.page))
    finally:
        if tiff is not None:
            tiff.close()


def _decoded(
    data: bytes, path: Path, page: int | None, channel: int | None, levels: tuple[float, float] | None
) -> tuple[Picture, Grey]:
    try:
        picture = decode_electron(path, data, page) if is_electron(path) else decode_picture(data, page, channel)
        return picture, to_grey(picture.pixels, levels, is_stretched=True)
    except (ImageReadError, TypeError, ValueError) as error:
        raise ImageReadError(f"cannot read '{path}': {error}") from error


def _checked_bar(scale_bar_um: float | str | None) -> float | str | None:
    """Return the length of a scale bar, "auto", or None where none is looked for."""
    if scale_bar_um in (None, "none", "auto"):
        return None if scale_bar_um == "none" else scale_bar_um
    if isinstance(scale_bar_um, str) or not (math.isfinite(scale_bar_um) and scale_bar_um > 0):  # pyright: ignore[reportArgumentType]
        raise ValueError(f"scale_bar_um must be 'auto', 'none' or a positive number, got {scale_bar_um!r}")
    return scale_bar_um


def _check_word(name: str, word: str) -> None:
    if word not in ("auto", "none"):
        raise ValueError(f"{name} must be 'auto' or 'none', got {word!r}")


def _colours(grey: Grey, rows: int, valid: NDArray[np.bool_] | None, colour: str) -> NDArray[np.float32] | None:
    """Return the colours of the micrograph without its band; None where they say no more than its grey levels."""
    if colour == "none" or grey.rgb is None or not has_colour(grey.rgb[:rows], valid):
        return None
    rgb = np.ascontiguousarray(grey.rgb[:rows])
    return rgb if valid is None else fill(rgb, valid)


def _overlays(image: NDArray[np.float32], grey: Grey) -> Overlays | None:
    """Return what is burnt into a micrograph; marks in colour only on one that is grey."""
    rgb = None if grey.rgb is None or has_colour(grey.rgb[: len(image)]) else grey.rgb[: len(image)]
    return find_overlays(image, rgb)


def _excluded(
    image: NDArray[np.float32],
    grey: Grey,
    path: Path,
    mask: str | Path | None,
    borders: str,
    burnt_in: Overlays | None,
) -> tuple[NDArray[np.bool_] | None, tuple[str, ...]]:
    """Return which pixels take part, None where all do, and why the others do not."""
    rows, notes = len(image), []
    parts: list[tuple[str, NDArray[np.bool_]]] = []
    if grey.valid is not None:
        parts.append(("hold no number or are transparent", grey.valid[:rows]))
    elif borders == "auto" and (inside := find_borders(image)) is not None:
        parts.append(("are a black border", inside))
    if burnt_in is not None:
        parts.append((f"are burnt in, {' and '.join(burnt_in.kinds)}", ~burnt_in.covered))
    found = None if mask is None else find_mask(mask, path)
    if found is not None:
        parts.append((f"are 0 in {found.name}", read_mask(found, grey.image.shape, rows)))
    elif mask is not None:
        notes.append(f"no mask for it in {mask}")
    valid = None
    for reason, part in parts:
        if not part.all():
            notes.append(
                f"{int(np.count_nonzero(~part))} pixels ({100 * float(np.mean(~part)):.1f} %) {reason}: excluded"
            )
            valid = part if valid is None else valid & part
    if valid is not None and not valid.any():
        raise ImageReadError(f"every pixel is excluded: {'; '.join(notes)}")
    return valid, tuple(notes)


def _checked_range(grey_range: Sequence[float] | None) -> tuple[float, float] | None:
    if grey_range is None:
        return None
    low, high = (float(value) for value in grey_range)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"grey_range must be two numbers, the lower first, got {grey_range!r}")
    return low, high


def from_array(
    array: ArrayLike,
    *,
    name: str = "array",
    pixel_size_um: float | None = None,
    valid: ArrayLike | None = None,
    colour: str = "auto",
) -> Micrograph:
    """Take an array as a micrograph, every row of it: no band is looked for.

    Parameters
    ----------
    array : array-like of bool, uint8, uint16 or float, shape (h, w), (h, w, 3) or (h, w, 4)
        Grey, RGB or RGBA. Integers are divided by the largest value of their type; floats must lie in [0, 1] and are
        never rescaled. NaN and infinity are excluded pixels.
    name : str, default "array"
        What results are to be called.
    pixel_size_um : float or None, default None
        Edge of a pixel in micrometres.
    valid : array-like of bool, shape (h, w), optional
        Which pixels take part; None: all.
    colour : {"auto", "none"}, default "auto"
        Whether colours count where they say more than grey levels, see `read_micrograph`.

    Returns
    -------
    Micrograph
        Its image is a copy, float32, shape (h, w), in [0, 1]. Alpha is dropped.

    Raises
    ------
    TypeError
        `array` has another type, e.g. int64 or complex: only you know its full range.
    ValueError
        `array` has another shape, is empty, or holds floats outside [0, 1]; every pixel is excluded; `valid` has
        another shape; `pixel_size_um` is not a positive number.

    Examples
    --------
    >>> from_array(np.eye(3, dtype=bool)).image
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    _check_word("colour", colour)
    pixels = np.asarray(array)
    try:
        grey = to_grey(pixels)
    except (TypeError, ValueError) as error:
        raise type(error)(f"array: {error}") from error
    part = grey.valid
    if valid is not None:
        given = check_mask(np.asarray(valid), grey.image.shape, len(grey.image), "valid")
        part = given if part is None else part & given
    if part is not None and not part.any():
        raise ValueError("valid: every pixel is excluded")
    part = None if part is None or part.all() else part
    rgb = _colours(grey, len(grey.image), part, colour)
    return Micrograph(
        image=grey.image if part is None else fill(grey.image, part),
        name=name,
        path=None,
        sha256=None,
        dtype=str(pixels.dtype),
        channels=grey.channels,
        read_shape=grey.image.shape,
        calibration=_user_calibration(pixel_size_um) or Calibration(),
        valid=part,
        colour=rgb,
        notes=() if rgb is None else (COLOURED,),
    )


def _user_calibration(pixel_size_um: float | None) -> Calibration | None:
    if pixel_size_um is None:
        return None
    if not (math.isfinite(pixel_size_um) and pixel_size_um > 0):
        raise ValueError(f"pixel_size_um must be a positive number of micrometres, got {pixel_size_um!r}")
    return Calibration(float(pixel_size_um), "user", "high")


def _band(
    band: str | int, usual: int | None, image: NDArray[np.float32], file: ImageFile
) -> tuple[Band, tuple[str, ...]]:
    """Return the band of a picture by the user's word, its metadata, its pixels, or those of its batch, and a note."""
    known = _user_band(band, image.shape[0])
    found = find_band(image, file) if known is None else known
    height = image.shape[0]
    if known is not None or usual is None or abs((height if found.top is None else found.top) - usual) <= NEAR:
        return found, ()
    begins = "no band was found" if found.top is None else f"a band was found from row {found.top}"
    if usual >= height:
        return found, (f"{begins}, and most images of this size in the batch have none: if so, say --band none",)
    if found.source == "metadata":
        begins = f"the metadata say that the band begins at row {found.top}"
        return found, (f"{begins}, and most images of this size in the batch have theirs from row {usual}",)
    top = find_expected(image, usual)
    if top is None:
        return found, (
            f"{begins}, and most images of this size in the batch have theirs from row {usual}; the rows there "
            f"are not clearly unlike the picture, and were left: if they are a band, say --band {usual}",
        )
    reason = "the bands of most images of this size in the batch are there, and the rows below are unlike the picture"
    return Band(top, "batch", reason), (
        f"{begins} by itself; taken from row {top}, where most images of this size in the batch have theirs",
    )


def _user_band(band: str | int, height: int) -> Band | None:
    if band == "auto":
        return None
    if band == "none":
        return Band()
    try:
        top = operator.index(band)  # pyright: ignore[reportArgumentType]
    except TypeError as error:
        raise ValueError(f"band must be 'auto', 'none' or the first row of the band, got {band!r}") from error
    if not 0 < top <= height:
        raise ValueError(f"band must be a row from 1 to {height}, the image's height, got {top}")
    return Band(top, "user")
