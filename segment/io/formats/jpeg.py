"""JPEG."""

from __future__ import annotations

from typing import Any

import imagecodecs
from numpy.typing import NDArray

from segment.io.errors import ImageReadError
from segment.io.formats.cmyk import cmyk_to_rgb
from segment.io.formats.size import check_size

ADOBE = b"Adobe"


def decode_jpeg(data: bytes) -> NDArray[Any]:
    """Decode a grey, colour or CMYK JPEG of 8 bits that runs to its end-of-image marker."""
    height, width, components, is_adobe = _walk(data)
    if components not in (1, 3, 4):
        raise ImageReadError(f"this JPEG has {components} colour components: save it as grey or RGB")
    check_size(height, width)
    pixels = imagecodecs.jpeg8_decode(data)
    if components < 4:
        return pixels
    # Adobe's programs store ink as 255 minus its amount.
    return cmyk_to_rgb(~pixels if is_adobe else pixels)


def _walk(data: bytes) -> tuple[int, int, int, bool]:
    """Follow the markers to the end of the image; libjpeg itself fills what is missing with grey and says nothing."""
    position, frame, is_adobe = 2, None, False
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
            is_adobe |= marker == 0xEE and segment[2:7] == ADOBE
            position += 2 + max(2, int.from_bytes(segment[:2], "big"))
    if frame is None:
        raise ImageReadError("damaged JPEG: it holds no frame")
    return *frame, is_adobe
