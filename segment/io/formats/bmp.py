"""BMP."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.io.errors import ImageReadError
from segment.io.formats.size import check_size

HEADER_SIZES = (40, 52, 56, 108, 124)
UNCOMPRESSED = 0
DEPTHS = (1, 4, 8, 24, 32)


def decode_bmp(data: bytes) -> NDArray[Any]:
    """Decode an uncompressed BMP: grey, palette or RGB."""
    offset, header = (int.from_bytes(data[at : at + 4], "little") for at in (10, 14))
    if len(data) < 54 or header not in HEADER_SIZES:
        raise ImageReadError(f"truncated or damaged BMP: its header is said to have {header} bytes")
    width, height = (abs(int.from_bytes(data[at : at + 4], "little", signed=True)) for at in (18, 22))
    bits, compression = int.from_bytes(data[28:30], "little"), int.from_bytes(data[30:34], "little")
    check_size(height, width)
    if compression != UNCOMPRESSED or bits not in DEPTHS:
        raise ImageReadError(f"this BMP is compressed or has {bits} bits a pixel: save it as PNG")
    # OpenCV prints its complaints, so nothing that it would complain about may reach it.
    colours = int.from_bytes(data[46:50], "little")
    if not width * height or colours > 256 or (bits <= 8 and offset < 14 + header + 4 * colours):
        raise ImageReadError(f"damaged BMP: {width} x {height} pixels, {colours} colours")
    end = offset + (width * bits + 31) // 32 * 4 * height
    if end > len(data):
        raise ImageReadError(f"truncated BMP: its pixels are said to end at byte {end} of {len(data)}")
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ImageReadError("damaged BMP: OpenCV cannot decode it")
    if pixels.ndim == 2:
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB)
