"""Turn the bytes of a file into pixels, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from segment.io.errors import ImageReadError
from segment.io.formats.bmp import decode_bmp
from segment.io.formats.jpeg import decode_jpeg
from segment.io.formats.png import decode_png
from segment.io.formats.tiff import TIFF_SIGNATURES, decode_tiff


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


FORMATS: dict[bytes, tuple[str, Callable[[bytes], NDArray[Any]]]] = {
    b"\x89PNG\r\n\x1a\n": ("PNG", decode_png),
    b"\xff\xd8\xff": ("JPEG", decode_jpeg),
    **dict.fromkeys(TIFF_SIGNATURES, ("TIFF", decode_tiff)),
    b"BM": ("BMP", decode_bmp),
}
