"""TIFF: which of its images is the micrograph, and its pixels."""

from __future__ import annotations

import json
import logging
import math
import sys
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import tifffile
from numpy.typing import NDArray

from segment.io.errors import ImageReadError
from segment.io.formats.cmyk import cmyk_to_rgb
from segment.io.formats.picture import Picture
from segment.io.formats.size import check_size

TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
ALPHA = (tifffile.EXTRASAMPLE.ASSOCALPHA, tifffile.EXTRASAMPLE.UNASSALPHA)
MASK, ORIENTATION = 4, 274
KINDS = {
    tifffile.PHOTOMETRIC.MINISBLACK,
    tifffile.PHOTOMETRIC.MINISWHITE,
    tifffile.PHOTOMETRIC.RGB,
    tifffile.PHOTOMETRIC.YCBCR,
    tifffile.PHOTOMETRIC.SEPARATED,
}

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


def decode_tiff(data: bytes, page: int | None = None, channel: int | None = None) -> Picture:
    """Decode one image of a TIFF; palettes are applied, white-is-zero is inverted, CMYK becomes RGB.

    Parameters
    ----------
    data : bytes
        The whole file.
    page : int or None, default None
        Number of the image in the file, from 1; where one directory describes a whole stack, of the plane. None takes
        the largest, of several that size the rawest: grey before colour, more bits before fewer. Thumbnails and masks
        are passed over.
    channel : int or None, default None
        Number of the sample, from 1, of an image with several a pixel.

    Returns
    -------
    Picture

    Raises
    ------
    ImageReadError
        There is no such page, several images are equally good, or the file is incomplete. Says how many there are.
    """
    with tifffile.TiffFile(BytesIO(data)) as tiff:
        pages = [one for one in tiff.pages if isinstance(one, tifffile.TiffPage)]
        if not pages:
            raise ImageReadError("truncated or damaged TIFF: it holds no image")
        n_planes = _count_planes(tiff, pages)
        if page is not None and not 1 <= page <= n_planes:
            raise ImageReadError(f"this TIFF holds {n_planes} images: there is no page {page}")
        if page is not None:
            chosen, plane = (pages[0], page - 1) if len(pages) == 1 else (pages[page - 1], 0)
            notes: tuple[str, ...] = () if n_planes == 1 else (f"page {page} of {n_planes}, as asked for",)
        else:
            chosen, notes = _choose(tiff, pages)
            plane = 0
        check_size(chosen.imagelength, chosen.imagewidth)
        pixels = _read(chosen, data, tiff.byteorder, plane)
        number = 1 + next(i for i, one in enumerate(pages) if one is chosen)
        orientation = chosen.tags.valueof(ORIENTATION, 1)
        return Picture(_arrange(chosen, pixels, channel), number, int(orientation), notes)


def count_pages(path: Path) -> int:
    """Return the number of images that `decode_tiff` can be asked for; 1 of a file that is no TIFF.

    Parameters
    ----------
    path : Path

    Returns
    -------
    int
    """
    with path.open("rb") as stream:
        if not stream.read(4).startswith(TIFF_SIGNATURES):
            return 1
    try:
        with tifffile.TiffFile(path) as tiff:
            return _count_planes(tiff, [one for one in tiff.pages if isinstance(one, tifffile.TiffPage)])
    except (tifffile.TiffFileError, ValueError, OSError) as error:
        raise ImageReadError(f"truncated or damaged TIFF: {error}") from error


def _count_planes(tiff: tifffile.TiffFile, pages: list[tifffile.TiffPage]) -> int:
    return max(len(pages), _declared_planes(tiff)) if len(pages) == 1 else len(pages)


def _choose(tiff: tifffile.TiffFile, pages: list[tifffile.TiffPage]) -> tuple[tifffile.TiffPage, tuple[str, ...]]:
    full = [one for one in pages if not (one.is_reduced or one.subfiletype & MASK)] or pages
    largest = max(_area(one) for one in full)
    full = [one for one in full if _area(one) == largest]
    rawest = max(_rawness(one) for one in full)
    best = [one for one in full if _rawness(one) == rawest]
    declared = _declared_planes(tiff)
    if len(best) > 1 or declared > len(pages):
        count = max(len(best), declared)
        size = f"{best[0].imagewidth} x {best[0].imagelength}"
        claim = "" if len(best) >= declared else f" by its description, and {len(pages)} by its directories"
        raise ImageReadError(
            f"this TIFF holds {count} images of {size} pixels{claim}: say which one by --page, or save it as a file of "
            "its own"
        )
    if len(pages) == 1:
        return best[0], ()
    number = 1 + next(i for i, one in enumerate(pages) if one is best[0])
    others = ", ".join(f"{i} is {_describe(one)}" for i, one in enumerate(pages[:6], start=1) if one is not best[0])
    return best[0], (f"page {number} of {len(pages)} read, {_describe(best[0])}; {others}",)


def _area(page: tifffile.TiffPage) -> int:
    return page.imagelength * page.imagewidth


def _rawness(page: tifffile.TiffPage) -> tuple[bool, int]:
    is_grey = page.samplesperpixel == 1 and page.photometric != tifffile.PHOTOMETRIC.PALETTE
    bits = page.bitspersample
    return is_grey, max(bits) if isinstance(bits, tuple) else bits


def _describe(page: tifffile.TiffPage) -> str:
    kind = "a thumbnail, " if page.is_reduced else "a mask, " if page.subfiletype & MASK else ""
    name = getattr(page.photometric, "name", str(page.photometric)).lower()
    return f"{kind}{page.imagewidth} x {page.imagelength} {name} {page.dtype}"


def _declared_planes(tiff: tifffile.TiffFile) -> int:
    """Return how many planes of its size the description of the first page tells of; 0 where it says nothing."""
    page = tiff.pages.first
    try:
        if tiff.is_imagej:
            found: dict[str, Any] = tiff.imagej_metadata or {}
            n_axes = math.prod(int(found.get(name, 1)) for name in ("channels", "slices", "frames"))
            n_samples = 1 if page.samplesperpixel == 1 else int(found.get("channels", 1))
            return max(int(found.get("images", 1)), n_axes // max(n_samples, 1))
        if tiff.is_ome:
            return _ome_planes(tiff.ome_metadata or "")
        if tiff.is_shaped:
            shape = json.loads(page.description)["shape"] if page.description.startswith("{") else []
            return math.prod(map(int, shape)) // max(math.prod(page.shape), 1)
    except (KeyError, TypeError, ValueError, ElementTree.ParseError):
        return 0
    return 0


def _ome_planes(text: str) -> int:
    images = [pixels for pixels in ElementTree.fromstring(text).iter() if pixels.tag.endswith("}Pixels")]
    total = 0
    for pixels in images:
        samples = [int(one.get("SamplesPerPixel", 1)) for one in pixels if one.tag.endswith("}Channel")]
        n_channels = len(samples) or int(pixels.get("SizeC", 1))
        total += n_channels * int(pixels.get("SizeZ", 1)) * int(pixels.get("SizeT", 1))
    # Images of other sizes are no planes of the first: labels and overviews are stored so.
    sizes = {(pixels.get("SizeX"), pixels.get("SizeY")) for pixels in images}
    return total if len(sizes) == 1 else 0


def _read(page: tifffile.TiffPage, data: bytes, byteorder: str, plane: int) -> NDArray[Any]:
    is_plain = page.compression == tifffile.COMPRESSION.NONE and not page.is_tiled and page.fillorder == 1
    dtype = page.dtype
    if is_plain and dtype is not None and page.bitspersample == 8 * dtype.itemsize and page.predictor == 1:
        return _read_plain(page, dtype, data, plane, is_swapped=(byteorder == ">") != (sys.byteorder == "big"))
    if plane:
        raise ImageReadError(
            f"this TIFF holds one directory, whose plane {plane + 1} is compressed: it cannot be found"
        )
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        if offset + count > len(data):
            raise ImageReadError(f"truncated TIFF: pixels are said to lie at byte {offset + count} of {len(data)}")
    return page.asarray()


def _read_plain(
    page: tifffile.TiffPage, native: np.dtype[Any], data: bytes, plane: int, *, is_swapped: bool
) -> NDArray[Any]:
    """Read strips of whole bytes by their offsets; their byte counts, which some programs give in bits, are not needed.

    Planes of a stack with one directory follow each other.
    """
    dtype = native.newbyteorder() if is_swapped else native
    n_rows, is_planar = page.imagelength, page.planarconfig == tifffile.PLANARCONFIG.SEPARATE
    row_bytes = page.imagewidth * dtype.itemsize * (1 if is_planar else page.samplesperpixel)
    n_bytes = n_rows * row_bytes * (page.samplesperpixel if is_planar else 1)
    per_strip = min(page.rowsperstrip or n_rows, n_rows)
    heights = [min(per_strip, n_rows - start) for start in range(0, n_rows, per_strip)]
    heights *= page.samplesperpixel if is_planar else 1
    if len(page.dataoffsets) != len(heights) and plane == 0:
        raise ImageReadError(f"damaged TIFF: {len(page.dataoffsets)} strips, {len(heights)} needed")
    view, strips = memoryview(data), []
    # Planes that one directory stands for follow the first without a gap.
    offsets = page.dataoffsets if plane == 0 else (page.dataoffsets[0] + plane * n_bytes,)
    for offset, rows in zip(offsets, heights if plane == 0 else [n_bytes // row_bytes], strict=True):
        count = rows * row_bytes
        if offset + count > len(data):
            raise ImageReadError(f"truncated TIFF: pixels are said to lie at byte {offset + count} of {len(data)}")
        strips.append(view[offset : offset + count])
    return np.frombuffer(b"".join(strips), dtype).astype(native, copy=False).reshape(page.shape)


def _arrange(page: tifffile.TiffPage, pixels: NDArray[Any], channel: int | None) -> NDArray[Any]:
    kind = page.photometric
    if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and pixels.ndim == 3:
        pixels = np.moveaxis(pixels, 0, -1)
    if kind == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None:
        return _pick(_apply_palette(page.colormap, pixels), channel)
    bits = page.bitspersample
    if pixels.dtype.kind == "u" and isinstance(bits, int) and bits < 8 * pixels.itemsize:
        # 12-bit data come in 16-bit integers; bring them to the full range of those.
        full, top = np.iinfo(pixels.dtype).max, (1 << bits) - 1
        pixels = np.rint(pixels * (full / top)).astype(pixels.dtype)
    if kind == tifffile.PHOTOMETRIC.MINISWHITE:
        pixels = ~pixels if pixels.dtype.kind in "bu" else 1 - pixels
    elif kind not in KINDS:
        raise ImageReadError(f"this TIFF holds {getattr(kind, 'name', kind)} colours: save it as grey or RGB")
    if pixels.ndim == 3 and channel is None:
        pixels = _without_unnamed_samples(page, pixels)
        if kind == tifffile.PHOTOMETRIC.SEPARATED:
            return cmyk_to_rgb(pixels)
    return _pick(pixels, channel)


def _without_unnamed_samples(page: tifffile.TiffPage, pixels: NDArray[Any]) -> NDArray[Any]:
    """Keep the colours and an alpha that says it is one; other samples are detectors of their own."""
    extra = [tifffile.EXTRASAMPLE(value) for value in page.extrasamples]
    n_colours = pixels.shape[2] - len(extra)
    if extra and extra[0] in ALPHA and n_colours in (1, 3):
        return pixels[..., : n_colours + 1]
    if n_colours in (3, 4) and page.photometric != tifffile.PHOTOMETRIC.MINISBLACK:
        return pixels[..., :n_colours]
    raise ImageReadError(
        f"this TIFF holds {pixels.shape[2]} channels a pixel, and does not say that they are colours: choose one by "
        f"--channel 1 to {pixels.shape[2]}"
    )


def _pick(pixels: NDArray[Any], channel: int | None) -> NDArray[Any]:
    if channel is None:
        return pixels
    n_channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if not 1 <= channel <= n_channels:
        raise ImageReadError(f"the image has {n_channels} channels: there is no channel {channel}")
    return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., channel - 1])


def _apply_palette(colormap: NDArray[np.uint16], indices: NDArray[Any]) -> NDArray[Any]:
    """Look colours up; entries are of 16 bits, or of the fewest that hold them where a program stored others."""
    top = int(colormap.max())
    if top < 1 << 8:
        table = colormap.astype(np.uint8)
    elif not np.any(colormap % 257):
        table = (colormap // 257).astype(np.uint8)
    elif top < 1 << 12:
        table = np.rint(colormap * (65535 / 4095)).astype(np.uint16)
    else:
        table = colormap
    is_grey = np.array_equal(table[0], table[1]) and np.array_equal(*table[1:])
    return table[0][indices] if is_grey else table.T[indices]
