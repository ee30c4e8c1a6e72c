"""Turn the bytes of a file into pixels, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from segment.io.errors import ImageReadError

MAX_PIXELS = 1 << 30


def decode(data: bytes) -> NDArray[Any]:
    """Decode PNG, JPEG, TIFF or BMP.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    ndarray, shape (h, w) or (h, w, c)
        Pixels in the file's own type; c = 2 is grey and alpha, 3 RGB, 4 RGB and alpha. Palettes are applied.
        An orientation note in a JPEG is not acted on: rows are those of the sensor.

    Raises
    ------
    ImageReadError
        The bytes are empty, of another format, incomplete, or hold what is not one single image. Says which.
    """
    if not data:
        raise ImageReadError("the file is empty")
    known = next((entry for signature, entry in FORMATS.items() if data.startswith(signature)), None)
    if known is None:
        raise ImageReadError(f"not a PNG, JPEG, TIFF or BMP image: it starts with {data[:8]!r}")
    name, decoder = known
    try:
        pixels = decoder(data)
    except ImageReadError:
        raise
    except MemoryError as error:
        raise ImageReadError(f"this {name} does not fit into memory") from error
    except Exception as error:
        # The decoders raise types of their own for broken data, from struct.error to ZlibError.
        raise ImageReadError(f"truncated or damaged {name} ({type(error).__name__}: {error})") from error
    if pixels.ndim not in (2, 3) or not pixels.size or (pixels.ndim == 3 and pixels.shape[2] not in (2, 3, 4)):
        raise ImageReadError(f"this {name} is not a grey or RGB image: its pixels have the shape {pixels.shape}")
    return pixels


def open_tiff(data: bytes) -> tifffile.TiffFile | None:
    """Open the bytes of a TIFF for its tags; None where they are not a TIFF that can be opened."""
    if not data.startswith(_TIFF_SIGNATURES):
        return None
    try:
        return tifffile.TiffFile(BytesIO(data))
    except (tifffile.TiffFileError, ValueError, OSError):
        return None


def _decode_png(data: bytes) -> NDArray[Any]:
    _check_size(int.from_bytes(data[20:24], "big"), int.from_bytes(data[16:20], "big"))
    return imagecodecs.png_decode(data)


def _decode_bmp(data: bytes) -> NDArray[Any]:
    _check_size(abs(int.from_bytes(data[22:26], "little", signed=True)), int.from_bytes(data[18:22], "little"))
    return imagecodecs.bmp_decode(data)


def _decode_jpeg(data: bytes) -> NDArray[Any]:
    height, width, components = _walk_jpeg(data)
    if components not in (1, 3):
        raise ImageReadError(f"this JPEG has {components} colour components (CMYK?): save it as grey or RGB")
    _check_size(height, width)
    return imagecodecs.jpeg8_decode(data)


def _walk_jpeg(data: bytes) -> tuple[int, int, int]:
    """Follow the markers to the end of the image; libjpeg itself fills what is missing with grey and says nothing."""
    position, frame = 2, None
    while True:
        position = data.find(b"\xff", position)
        if position < 0 or position + 1 >= len(data):
            raise ImageReadError("truncated JPEG: the end-of-image marker is missing")
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
        elif marker == 0xD9:
            break
        elif marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:
            position += 2
        else:
            segment = data[position + 2 : position + 12]
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and len(segment) > 7:
                frame = int.from_bytes(segment[3:5], "big"), int.from_bytes(segment[5:7], "big"), segment[7]
            position += 2 + max(2, int.from_bytes(segment[:2], "big"))
    if frame is None:
        raise ImageReadError("damaged JPEG: it holds no frame")
    return frame


def _decode_tiff(data: bytes) -> NDArray[Any]:
    with tifffile.TiffFile(BytesIO(data)) as tiff:
        if not len(tiff.pages):
            raise ImageReadError("truncated or damaged TIFF: it holds no image")
        page = tiff.pages.first
        full_size = [
            other
            for other in tiff.pages
            if other.shape == page.shape and (isinstance(other, tifffile.TiffFrame) or not other.is_reduced)
        ]
        if len(full_size) > 1:
            raise ImageReadError(
                f"this TIFF holds {len(full_size)} images of {page.imagewidth} x {page.imagelength} pixels: "
                "save the one to be read as a file of its own"
            )
        _check_size(page.imagelength, page.imagewidth)
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
            if offset + count > len(data):
                raise ImageReadError(f"truncated TIFF: pixels are said to lie at byte {offset + count} of {len(data)}")
        return _arrange(page, page.asarray())


def _arrange(page: tifffile.TiffPage, pixels: NDArray[Any]) -> NDArray[Any]:
    kind = page.photometric
    if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and pixels.ndim == 3:
        pixels = np.moveaxis(pixels, 0, -1)
    if kind == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None:
        levels = (page.colormap // 257).astype(np.uint8).T[pixels]
        is_grey = np.array_equal(page.colormap[0], page.colormap[1]) and np.array_equal(*page.colormap[1:])
        return levels[..., 0] if is_grey else levels
    if pixels.dtype.kind == "u" and page.bitspersample < 8 * pixels.itemsize:
        # 12-bit data come in 16-bit integers; bring them to the full range of those.
        full, top = np.iinfo(pixels.dtype).max, (1 << page.bitspersample) - 1
        pixels = np.rint(pixels * (full / top)).astype(pixels.dtype)
    if kind == tifffile.PHOTOMETRIC.MINISWHITE:
        return ~pixels if pixels.dtype.kind in "bu" else 1 - pixels
    if kind not in (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB, tifffile.PHOTOMETRIC.YCBCR):
        raise ImageReadError(f"this TIFF holds {getattr(kind, 'name', kind)} colours: save it as grey or RGB")
    return pixels


def _check_size(height: int, width: int) -> None:
    if height * width > MAX_PIXELS:
        raise ImageReadError(f"the image claims {width} x {height} pixels, more than {MAX_PIXELS} in all")


_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

FORMATS: dict[bytes, tuple[str, Callable[[bytes], NDArray[Any]]]] = {
    b"\x89PNG\r\n\x1a\n": ("PNG", _decode_png),
    b"\xff\xd8\xff": ("JPEG", _decode_jpeg),
    **dict.fromkeys(_TIFF_SIGNATURES, ("TIFF", _decode_tiff)),
    b"BM": ("BMP", _decode_bmp),
}
