"""How the files of a batch are read, and what goes wrong with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segment.io import read_micrograph
from segment.records import Micrograph


@dataclass(frozen=True)
class ReadOptions:
    """How micrographs are read.

    Attributes
    ----------
    band : "auto", "none" or int
        Find the information band, ignore it, or take its first row from the user.
    pixel_size_um : float or None
        The user's pixel size in micrometres; None takes the file's own.
    """

    band: str | int = "auto"
    pixel_size_um: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the options as a dict of JSON values."""
        return {"band": self.band, "pixel_size_um": self.pixel_size_um}


@dataclass(frozen=True)
class Failure:
    """An input that could not be processed.

    Attributes
    ----------
    path : Path
    message : str
        One line that names the file and says what was found.
    """

    path: Path
    message: str


@dataclass(frozen=True)
class Progress:
    """One step of a batch that is done.

    Attributes
    ----------
    stage : {"read", "fit", "segment"}
    done, total : int
        Steps of this stage.
    name : str
        What the step was about.
    """

    stage: str
    done: int
    total: int
    name: str


OnProgress = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Ignore progress."""
    del progress


def read_one(path: Path, options: ReadOptions) -> Micrograph | Failure:
    """Read one file; a file that is no readable image becomes a Failure."""
    try:
        return read_micrograph(path, band=options.band, pixel_size_um=options.pixel_size_um)
    except (ValueError, OSError) as error:
        return failure(path, error)


def failure(path: Path, error: Exception) -> Failure:
    """Describe `error` in one line that names `path`."""
    text = " ".join(str(error).split()) or type(error).__name__
    return Failure(path, text if path.name in text else f"{path}: {text}")


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
