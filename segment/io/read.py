"""Read one micrograph from a file or an array."""

from __future__ import annotations

from pathlib import Path

from numpy.typing import ArrayLike

from segment.records import Micrograph


class ImageReadError(ValueError):
    """A file is not an image that can be read whole; the message names the file and what was found."""


def read_micrograph(path: str | Path, *, band: str | int = "auto", pixel_size_um: float | None = None) -> Micrograph:
    """Read one file."""
    raise NotImplementedError


def from_array(array: ArrayLike, *, name: str = "array", pixel_size_um: float | None = None) -> Micrograph:
    """Take an array as a micrograph."""
    raise NotImplementedError
