"""What a decoder finds in a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from segment.records import Calibration


@dataclass(frozen=True)
class Picture:
    """One image as a file stores it.

    Attributes
    ----------
    pixels : ndarray, shape (h, w) or (h, w, c)
        In the file's own type; c = 2 is grey and alpha, 3 RGB, 4 RGB and alpha.
    page : int, default 1
        Number of the image in the file, from 1.
    orientation : int, default 1
        EXIF orientation, 1 to 8, that is still to be applied.
    notes : tuple of str
        What was chosen or mended on the way, a sentence each.
    calibration : Calibration or None
        Where the decoder finds it; None leaves it to `segment.io.vendors`.
    """

    pixels: NDArray[Any]
    page: int = 1
    orientation: int = 1
    notes: tuple[str, ...] = ()
    calibration: Calibration | None = None
