"""NumPy's own files."""

from __future__ import annotations

import math
from io import BytesIO
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from segment.io.errors import ImageReadError
from segment.io.formats.size import check_size

SIGNATURE = b"\x93NUMPY"


def decode_npy(data: bytes) -> NDArray[Any]:
    """Read one array of numbers, shape (h, w) or (h, w, c); a file that holds Python objects is refused."""
    stream = BytesIO(data)
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(stream)
    if dtype.hasobject or dtype.kind not in "buif":
        raise ImageReadError(f"this array holds {dtype}, not grey levels")
    if len(shape) not in (2, 3):
        raise ImageReadError(f"this array has the shape {shape}: one image has (h, w) or (h, w, c)")
    check_size(shape[0], shape[1])
    needed = stream.tell() + math.prod(shape) * dtype.itemsize
    if needed > len(data):
        raise ImageReadError(f"truncated array: it is said to end at byte {needed} of {len(data)}")
    stream.seek(0)
    pixels = npy.read_array(stream, allow_pickle=False)
    return np.ascontiguousarray(pixels, dtype=dtype.newbyteorder("="))
