"""Pictures and figures as ``data:`` addresses, so that a page needs no other file."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def png_address(pixels: NDArray[np.uint8]) -> str:
    """Return grey or RGB `pixels` as the address of a PNG, compressed well rather than quickly."""
    return _address("image/png", bytes(imagecodecs.png_encode(np.ascontiguousarray(pixels), level=6)))


def svg_address(figure: Figure) -> str:
    """Return a figure as the address of an SVG with its letters as outlines, which look the same everywhere."""
    stream = BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    return _address("image/svg+xml", stream.getvalue())


def _address(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
