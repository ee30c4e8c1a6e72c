"""Read one micrograph from a file or an array."""

from __future__ import annotations

import hashlib
import math
import operator
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from segment.io.band import find_band
from segment.io.decode import decode
from segment.io.errors import ImageReadError
from segment.io.formats.tiff import open_tiff
from segment.io.grey import to_grey
from segment.io.image_file import ImageFile
from segment.io.vendors import read_calibration
from segment.records import Band, Calibration, Micrograph

__all__ = ["ImageReadError", "from_array", "read_micrograph"]


def read_micrograph(path: str | Path, *, band: str | int = "auto", pixel_size_um: float | None = None) -> Micrograph:
    """Read a PNG, JPEG, TIFF or BMP file, crop its information band and look up its pixel size.

    Parameters
    ----------
    path : str or Path
        The file; its content says what it is, not its suffix. Grey, RGB, palette, with or without alpha; 8 or 16 bits
        an integer, or floats in [0, 1].
    band : {"auto", "none"} or int, default "auto"
        "auto" takes the band from the metadata, else looks for it in the pixels; "none" keeps every row; a number is
        the first row of the band, in pixels from the top.
    pixel_size_um : float or None, default None
        Edge of a pixel in micrometres, if you know better than the file. None reads it from the metadata. The print
        resolution (DPI) of a file is never taken for it.

    Returns
    -------
    Micrograph
        Its image is float32, shape (h, w), in [0, 1]: integers divided by the largest value of their type, colours
        reduced to Rec. 601 luma, alpha dropped.

    Raises
    ------
    ImageReadError
        The file cannot be opened, is empty, truncated, no image, or holds several images. Names the file and what was
        found.
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
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageReadError(f"cannot read '{path}': {error.strerror or error}") from error
    return read_bytes(data, path, band=band, pixel_size_um=pixel_size_um)


def read_bytes(data: bytes, path: Path, *, band: str | int = "auto", pixel_size_um: float | None = None) -> Micrograph:
    """Read a micrograph from the bytes of the file `path`; all else as in `read_micrograph`."""
    user_calibration = _user_calibration(pixel_size_um)
    try:
        pixels = decode(data)
        image, channels = to_grey(pixels)
    except (ImageReadError, TypeError, ValueError) as error:
        raise ImageReadError(f"cannot read '{path}': {error}") from error
    tiff = open_tiff(data)
    try:
        file = ImageFile(path, data, tiff, (image.shape[0], image.shape[1]))
        found = _user_band(band, image.shape[0]) or find_band(image, file)
        calibration = user_calibration or read_calibration(file)
    finally:
        if tiff is not None:
            tiff.close()
    return Micrograph(
        image=np.ascontiguousarray(image[: found.top]),
        name=path.stem,
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        dtype=str(pixels.dtype),
        channels=channels,
        read_shape=(image.shape[0], image.shape[1]),
        band=found,
        calibration=calibration,
    )


def from_array(array: ArrayLike, *, name: str = "array", pixel_size_um: float | None = None) -> Micrograph:
    """Take an array as a micrograph, every row of it: no band is looked for.

    Parameters
    ----------
    array : array-like of bool, uint8, uint16 or float, shape (h, w), (h, w, 3) or (h, w, 4)
        Grey, RGB or RGBA. Integers are divided by the largest value of their type; floats must lie in [0, 1] and are
        never rescaled.
    name : str, default "array"
        What results are to be called.
    pixel_size_um : float or None, default None
        Edge of a pixel in micrometres.

    Returns
    -------
    Micrograph
        Its image is a copy, float32, shape (h, w), in [0, 1]. Alpha is dropped.

    Raises
    ------
    TypeError
        `array` has another type, e.g. int64 or complex: only you know its full range.
    ValueError
        `array` has another shape, is empty, or holds floats that are NaN or outside [0, 1]; `pixel_size_um` is not a
        positive number.

    Examples
    --------
    >>> from_array(np.eye(3, dtype=bool)).image
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    pixels = np.asarray(array)
    try:
        image, channels = to_grey(pixels)
    except (TypeError, ValueError) as error:
        raise type(error)(f"array: {error}") from error
    return Micrograph(
        image=image,
        name=name,
        path=None,
        sha256=None,
        dtype=str(pixels.dtype),
        channels=channels,
        read_shape=(image.shape[0], image.shape[1]),
        calibration=_user_calibration(pixel_size_um) or Calibration(),
    )


def _user_calibration(pixel_size_um: float | None) -> Calibration | None:
    if pixel_size_um is None:
        return None
    if not (math.isfinite(pixel_size_um) and pixel_size_um > 0):
        raise ValueError(f"pixel_size_um must be a positive number of micrometres, got {pixel_size_um!r}")
    return Calibration(float(pixel_size_um), "user", "high")


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
