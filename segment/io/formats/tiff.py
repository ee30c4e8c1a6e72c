"""TIFF."""

from __future__ import annotations

import logging
from io import BytesIO
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from segment.io.errors import ImageReadError
from segment.io.formats.size import check_size

TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

# Without a handler tifffile's remarks about damaged tags would go to stderr; an application may still listen to them.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def open_tiff(data: bytes) -> tifffile.TiffFile | None:
    """Open the bytes of a TIFF for its tags; None where they are not a TIFF that can be opened."""
    if not data.startswith(TIFF_SIGNATURES):
        return None
    try:
        return tifffile.TiffFile(BytesIO(data))
    except (tifffile.TiffFileError, ValueError, OSError):
        return None


def decode_tiff(data: bytes) -> NDArray[Any]:
    """Decode the one full-size image of a TIFF; palettes are applied, white-is-zero is inverted."""
    with tifffile.TiffFile(BytesIO(data)) as tiff:
        if not len(tiff.pages):
            raise ImageReadError("truncated or damaged TIFF: it holds no image")
        page = tiff.pages.first
        full_size = [
            other
            for other in tiff.pages
            if other.shape == page.shape and (isinstance(other, tifffile.TiffFrame) or not other.is_reduced)
        ]
        if len(full_size) > 1:
            raise ImageReadError(
                f"this TIFF holds {len(full_size)} images of {page.imagewidth} x {page.imagelength} pixels: "
                "save the one to be read as a file of its own"
            )
        check_size(page.imagelength, page.imagewidth)
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
            if offset + count > len(data):
                raise ImageReadError(f"truncated TIFF: pixels are said to lie at byte {offset + count} of {len(data)}")
        return _arrange(page, page.asarray())


def _arrange(page: tifffile.TiffPage, pixels: NDArray[Any]) -> NDArray[Any]:
    kind = page.photometric
    if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and pixels.ndim == 3:
        pixels = np.moveaxis(pixels, 0, -1)
    if kind == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None:
        levels = (page.colormap // 257).astype(np.uint8).T[pixels]
        is_grey = np.array_equal(page.colormap[0], page.colormap[1]) and np.array_equal(*page.colormap[1:])
        return levels[..., 0] if is_grey else levels
    if pixels.dtype.kind == "u" and page.bitspersample < 8 * pixels.itemsize:
        # 12-bit data come in 16-bit integers; bring them to the full range of those.
        full, top = np.iinfo(pixels.dtype).max, (1 << page.bitspersample) - 1
        pixels = np.rint(pixels * (full / top)).astype(pixels.dtype)
    if kind == tifffile.PHOTOMETRIC.MINISWHITE:
        return ~pixels if pixels.dtype.kind in "bu" else 1 - pixels
    if kind not in (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB, tifffile.PHOTOMETRIC.YCBCR):
        raise ImageReadError(f"this TIFF holds {getattr(kind, 'name', kind)} colours: save it as grey or RGB")
    return pixels
