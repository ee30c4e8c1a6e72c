"""What a reader of metadata gets to see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tifffile


@dataclass(frozen=True)
class ImageFile:
    """A file as it lies on the disk.

    Attributes
    ----------
    path : Path
        Where it lies, for side-car files beside it.
    data : bytes
        All of it, for text that some microscopes append.
    tiff : tifffile.TiffFile or None
        Opened for its tags; None where it is no TIFF.
    shape : tuple of int
        (height, width) of the image as read.
    """

    path: Path
    data: bytes
    tiff: tifffile.TiffFile | None
    shape: tuple[int, int]
