"""PGM and PPM."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.io.errors import ImageReadError
from segment.io.formats.size import check_size

SIGNATURES = (b"P2", b"P3", b"P5", b"P6")
NUMBER = rb"(?:\s|#[^\n]*\n)+(\d+)"
HEADER = re.compile(rb"P[2356]" + 3 * NUMBER + rb"\s")


def decode_netpbm(data: bytes) -> NDArray[Any]:
    """Decode a PGM or PPM, binary or plain, of up to 16 bits; levels are brought to the full range of their type."""
    header = HEADER.match(data)
    if header is None:
        raise ImageReadError("truncated or damaged PGM: its header is not 'P5 width height largest'")
    width, height, top = (int(number) for number in header.groups())
    check_size(height, width)
    if not (width and height and 0 < top < 65536):
        raise ImageReadError(f"damaged PGM: {width} x {height} pixels, largest level {top}")
    depth = 3 if data[1:2] in b"36" else 1
    dtype = np.dtype(">u2" if top > 255 else "u1")
    count = width * height * depth
    body = data[header.end() :]
    if data[1:2] in b"56":
        levels = np.frombuffer(body[: count * dtype.itemsize], dtype)
    else:
        words = re.sub(rb"#[^\n]*", b"", body).split()[:count]
        if not all(word.isdigit() for word in words):
            raise ImageReadError("damaged PGM: a level is no number")
        levels = np.array(words, dtype=np.int64) if words else np.zeros(0, np.int64)
    if len(levels) < count:
        raise ImageReadError(f"truncated PGM: it holds {len(levels)} of {count} levels")
    if int(levels.max()) > top:
        raise ImageReadError(f"damaged PGM: a level of {int(levels.max())}, above the largest of {top}")
    native = dtype.newbyteorder("=")
    full = int(np.iinfo(native).max)
    levels = levels.astype(native) if top == full else np.rint(levels * (full / top)).astype(native)
    return levels.reshape((height, width) if depth == 1 else (height, width, depth))
