"""PNG."""

from __future__ import annotations

import zlib
from typing import Any

import imagecodecs
from numpy.typing import NDArray

from segment.io.errors import ImageReadError
from segment.io.formats.size import check_size

# Colour profiles and the like are left out: libpng prints its opinion of them, and the stored levels are wanted.
NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


def decode_png(data: bytes) -> NDArray[Any]:
    """Decode a PNG of 1 to 16 bits whose every chunk is there and matches its checksum."""
    check_size(int.from_bytes(data[20:24], "big"), int.from_bytes(data[16:20], "big"))
    kept, position, kind = [data[:8]], 8, b""
    while kind != b"IEND":
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        if end > len(data):
            raise ImageReadError(f"truncated PNG: a chunk is said to end at byte {end} of {len(data)}")
        kind = data[position + 4 : position + 8]
        if zlib.crc32(data[position + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise ImageReadError(f"damaged PNG: the checksum of the chunk at byte {position} is wrong")
        if kind in NEEDED:
            kept.append(data[position:end])
        position = end
    return imagecodecs.png_decode(b"".join(kept))
