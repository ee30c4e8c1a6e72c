"""Turn an image the way that its EXIF note says, as every viewer does."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ORIENTATION = 274
UPRIGHT = 1
JPEG, PNG, RIFF = b"\xff\xd8", b"\x89PNG", b"RIFF"
EXIF = b"Exif\0\0"
TURNS = {
    2: "mirrored",
    3: "turned by 180 degrees",
    4: "flipped",
    5: "transposed",
    6: "turned by 90 degrees to the right",
    7: "transposed and turned",
    8: "turned by 90 degrees to the left",
}


def read_orientation(data: bytes) -> int:
    """Return the EXIF orientation, 1 to 8, of a JPEG, PNG or WebP file; 1 where it has none.

    References
    ----------
    CIPA DC-008 (EXIF 2.32), tag 0x0112.
    """
    block = _find_exif(data)
    if not block:
        return UPRIGHT
    try:
        exif = Image.Exif()
        exif.load(EXIF + block)
        found = exif.get(ORIENTATION, UPRIGHT)
    except (SyntaxError, struct.error, ValueError, TypeError, KeyError, OSError):
        # A note that cannot be read says nothing; SyntaxError is what Pillow raises of one that is no TIFF.
        return UPRIGHT
    return found if found in TURNS else UPRIGHT


def turn(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return pixels of shape (h, w) or (h, w, c) as they are to be seen.

    Examples
    --------
    >>> turn(np.array([[1, 2], [3, 4]]), 6).tolist()
    [[3, 1], [4, 2]]
    """
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def _find_exif(data: bytes) -> bytes:
    """Return the TIFF block of an EXIF note; empty without one."""
    if data.startswith(JPEG):
        position = 2
        while data[position : position + 1] == b"\xff" and data[position + 1 : position + 2] not in (b"\xda", b""):
            end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
            body = data[position + 4 : end]
            if data[position + 1] == 0xE1 and body.startswith(EXIF):
                return body[len(EXIF) :]
            position = max(end, position + 4)
    elif data.startswith((PNG, RIFF)):
        is_png = data.startswith(PNG)
        position = 8 if is_png else 12
        while position + 8 <= len(data):
            first, second = data[position : position + 4], data[position + 4 : position + 8]
            kind, length = (
                (second, int.from_bytes(first, "big")) if is_png else (first, int.from_bytes(second, "little"))
            )
            body = data[position + 8 : position + 8 + length]
            if kind in (b"eXIf", b"EXIF"):
                return body.removeprefix(EXIF)
            position += 12 + length if is_png else 8 + length + length % 2
    return b""
