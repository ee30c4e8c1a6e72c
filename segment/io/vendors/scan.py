"""What metadata say of the picture that they were written for."""

from __future__ import annotations

from dataclasses import dataclass

# Width and height may differ by this much for a pixel to count as square.
SQUARE = 0.01


@dataclass(frozen=True)
class Scan:
    """A micrograph as its metadata describe it, which the stored picture may no longer be.

    Attributes
    ----------
    pixel_um : float or None
        Edge of a pixel in micrometres.
    source : str
        Where it was read.
    size : tuple of int or None
        (width, height) of the micrograph in pixels, its band not counted or, where `has_band`, counted.
    band_rows : int or None
        Rows of the information band below it.
    has_band : bool
        Whether the height of `size` counts the band.
    confidence : {"high", "low"}
    """

    pixel_um: float | None
    source: str
    size: tuple[int, int] | None = None
    band_rows: int | None = None
    has_band: bool = False
    confidence: str = "high"


def square(width: float, height: float) -> float | None:
    """Return the edge of a pixel; None where width and height differ by over one per cent."""
    return width if abs(width - height) <= SQUARE * abs(width) else None


def shrinkage(size: tuple[int, int], stored: tuple[int, int], band_top: int | None) -> float | None:
    """Return how many pixels of a micrograph one stored pixel stands for, each way.

    Parameters
    ----------
    size : (int, int)
        Width and height of the micrograph.
    stored : (int, int)
        Height and width of the stored picture.
    band_top : int or None
        Where the band of the stored picture begins, by its pixels.

    Returns
    -------
    float or None
        1 where the picture has the width of the micrograph, is turned by 90 degrees, or has its height and is
        narrower: it may have been cropped, not resized. Else the ratio of the widths where the heights have it too,
        without a band or above it; None where they do not.

    Examples
    --------
    >>> shrinkage((1024, 768), (768, 1024), None), shrinkage((512, 384), (192, 256), None)
    (1.0, 2.0)
    >>> shrinkage((1024, 768), (500, 512), None), shrinkage((1024, 768), (430, 512), 384)
    (None, 2.0)
    """
    (width, height), (rows, columns) = size, stored
    if columns == width or (rows == height and columns < width) or (rows, columns) == (width, height):
        return 1.0
    if min(width, height, rows, columns) < 1:
        return None
    ratio = width / columns
    # A size rounded to whole pixels.
    slack = 1 + 1 / ratio
    heights = (rows,) if band_top is None else (rows, band_top)
    return ratio if any(abs(found - height / ratio) <= slack for found in heights) else None
