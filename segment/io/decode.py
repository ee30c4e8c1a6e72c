"""Turn the bytes of a file into pixels, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.io.errors import ImageReadError
from segment.io.formats.bmp import decode_bmp
from segment.io.formats.frames import count_frames
from segment.io.formats.jpeg import decode_jpeg
from segment.io.formats.jpeg2000 import CODESTREAM, JP2, decode_jpeg2000
from segment.io.formats.netpbm import SIGNATURES, decode_netpbm
from segment.io.formats.npy import SIGNATURE, decode_npy
from segment.io.formats.picture import Picture
from segment.io.formats.png import decode_png
from segment.io.formats.tiff import TIFF_SIGNATURES, decode_tiff
from segment.io.formats.webp import RIFF, decode_webp
from segment.io.orientation import TURNS, read_orientation, turn


def decode(data: bytes) -> NDArray[Any]:
    """Decode an image file of any format in `FORMATS`, the way round that viewers show it.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    ndarray, shape (h, w) or (h, w, c)
        Pixels in the file's own type; c = 2 is grey and alpha, 3 RGB, 4 RGB and alpha. Palettes and the EXIF
        orientation are applied.

    Raises
    ------
    ImageReadError
        The bytes are empty, of another format, incomplete, or hold several images. Says which.
    """
    return decode_picture(data).pixels


def decode_picture(data: bytes, page: int | None = None, channel: int | None = None) -> Picture:
    """Decode one image of a file, and say what was chosen on the way.

    Parameters
    ----------
    data : bytes
        The whole file.
    page : int or None, default None
        Number of the image in a TIFF, from 1; None takes the full-size raw one.
    channel : int or None, default None
        Number of the channel, from 1; None takes them all.

    Returns
    -------
    Picture

    Raises
    ------
    ImageReadError
        As `decode`; also where there is no such page or channel.
    """
    if not data:
        raise ImageReadError("the file is empty")
    known = next((entry for signature, entry in FORMATS.items() if data.startswith(signature)), None)
    if known is None:
        names = ", ".join(dict.fromkeys(name for name, _ in FORMATS.values()))
        raise ImageReadError(f"not an image of a known format ({names}): it starts with {data[:8]!r}")
    name, decoder = known
    try:
        if decoder is None:
            picture = decode_tiff(data, page, channel)
        elif decoder is decode_npy:
            picture = _plane(decoder(data), name, page)
        elif page not in (None, 1):
            raise ImageReadError(f"the first image of this {name} is read alone: there is no page {page}")
        else:
            count = count_frames(data)
            notes = () if count == 1 else (f"the first of {count} images in this {name} read",)
            picture = Picture(decoder(data), orientation=read_orientation(data), notes=notes)
    except ImageReadError:
        raise
    except MemoryError as error:
        raise ImageReadError(f"this {name} does not fit into memory") from error
    except Exception as error:
        # The decoders raise types of their own for broken data, from struct.error to ZlibError.
        raise ImageReadError(f"truncated or damaged {name} ({type(error).__name__}: {error})") from error
    return _upright(_checked(picture, name, None if decoder is None else channel))


def _plane(pixels: NDArray[Any], name: str, page: int | None) -> Picture:
    """Return an array, or a plane of a stack: of three sides the first is then the shortest."""
    is_stack = pixels.ndim == 3 and pixels.shape[2] > 4 and pixels.shape[0] < pixels.shape[2]
    count = pixels.shape[0] if is_stack else 1
    if page is not None and not 1 <= page <= count:
        raise ImageReadError(f"this {name} holds {count} image{'s' * (count > 1)}: there is no page {page}")
    if count > 1 and page is None:
        size = f"{pixels.shape[2]} x {pixels.shape[1]}"
        raise ImageReadError(
            f"this {name} holds {count} images of {size} pixels: say which one by --page, or save it as a file of its "
            "own"
        )
    number = page or 1
    notes = () if count == 1 else (f"page {number} of {count}, as asked for",)
    return Picture(np.ascontiguousarray(pixels[number - 1]) if is_stack else pixels, number, notes=notes)


def _checked(picture: Picture, name: str, channel: int | None) -> Picture:
    pixels = picture.pixels
    if channel is not None:
        n_channels = 1 if pixels.ndim == 2 else pixels.shape[-1]
        if not 1 <= channel <= n_channels:
            raise ImageReadError(f"this {name} has {n_channels} channels: there is no channel {channel}")
        pixels = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., channel - 1])
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.ndim not in (2, 3) or not pixels.size or (pixels.ndim == 3 and pixels.shape[2] not in (2, 3, 4)):
        raise ImageReadError(f"this {name} is not a grey or RGB image: its pixels have the shape {pixels.shape}")
    return replace(picture, pixels=pixels)


def _upright(picture: Picture) -> Picture:
    if picture.orientation not in TURNS:
        return picture
    note = f"{TURNS[picture.orientation]}, as its orientation ({picture.orientation}) says"
    return replace(picture, pixels=turn(picture.pixels, picture.orientation), notes=(*picture.notes, note))


# The TIFF decoder, which alone knows of pages and channels, is called by name.
FORMATS: dict[bytes, tuple[str, Callable[[bytes], NDArray[Any]] | None]] = {
    b"\x89PNG\r\n\x1a\n": ("PNG", decode_png),
    b"\xff\xd8\xff": ("JPEG", decode_jpeg),
    **dict.fromkeys(TIFF_SIGNATURES, ("TIFF", None)),
    b"BM": ("BMP", decode_bmp),
    JP2: ("JPEG 2000", decode_jpeg2000),
    CODESTREAM: ("JPEG 2000", decode_jpeg2000),
    RIFF: ("WebP", decode_webp),
    **dict.fromkeys(SIGNATURES, ("PGM", decode_netpbm)),
    SIGNATURE: ("NumPy array", decode_npy),
}
