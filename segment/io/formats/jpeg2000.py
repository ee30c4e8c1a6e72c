"""JPEG 2000."""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from segment.io.errors import ImageReadError
from segment.io.formats.size import check_size

JP2, CODESTREAM = b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"
END = b"\xff\xd9"


def decode_jpeg2000(data: bytes) -> NDArray[Any]:
    """Decode a grey or RGB JPEG 2000, a JP2 file or a bare codestream, that runs to its end marker."""
    start = data.find(CODESTREAM)
    size = data[start + 8 : start + 24]
    if start < 0 or len(size) < 16:
        raise ImageReadError("truncated or damaged JPEG 2000: it holds no codestream")
    right, bottom, left, top = (int.from_bytes(size[at : at + 4], "big") for at in range(0, 16, 4))
    check_size(max(bottom - top, 0), max(right - left, 0))
    # The decoder fills what is missing and says nothing.
    if data.find(END, start) < 0 or END not in data[-64:]:
        raise ImageReadError("truncated JPEG 2000: the end of its codestream is missing")
    pixels = np.asarray(imagecodecs.jpeg2k_decode(data))
    bits = 1 + (data[start + 42] & 0x7F) if len(data) > start + 42 else 8 * pixels.itemsize
    if pixels.dtype.kind == "u" and bits < 8 * pixels.itemsize:
        full = np.iinfo(pixels.dtype).max
        pixels = np.rint(pixels * (full / ((1 << bits) - 1))).astype(pixels.dtype)
    return pixels
