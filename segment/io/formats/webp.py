"""WebP."""

from __future__ import annotations

from typing import Any

import imagecodecs
from numpy.typing import NDArray

from segment.io.errors import ImageReadError
from segment.io.formats.size import check_size

RIFF, MOST = b"RIFF", 16383


def decode_webp(data: bytes) -> NDArray[Any]:
    """Decode a still WebP of the length that its header says."""
    length = 8 + int.from_bytes(data[4:8], "little")
    if data[8:12] != b"WEBP":
        raise ImageReadError(f"not an image: a RIFF file of the kind {data[8:12]!r}")
    if length > len(data):
        raise ImageReadError(f"truncated WebP: it is said to end at byte {length} of {len(data)}")
    check_size(1, MOST)
    return imagecodecs.webp_decode(data)
