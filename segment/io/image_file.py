"""What a reader of metadata gets to see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        (height, width) of the image as stored.
    page : int
        Number of the image in a TIFF, from 1.
    """

    path: Path
    data: bytes
    tiff: tifffile.TiffFile | None
    shape: tuple[int, int]
    page: int = 1

    def tag(self, code: int) -> Any:
        """Return the value of a TIFF tag of the image itself, or else of the first image; None where neither has it."""
        if self.tiff is None:
            return None
        pages = self.tiff.pages
        own = pages[self.page - 1] if self.page <= len(pages) else pages.first
        for page in (own, pages.first):
            tag = page.tags.get(code) if isinstance(page, tifffile.TiffPage) else None
            if tag is not None:
                return tag.value
        return None
