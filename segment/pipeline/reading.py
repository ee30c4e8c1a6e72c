"""How the files of a batch are read, and what goes wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from segment.io import read_micrograph
from segment.io.own import sha256_of as digest_file
from segment.records import Micrograph

__all__ = [
    "Decoded",
    "Failure",
    "OnProgress",
    "Progress",
    "ReadOptions",
    "digest_file",
    "failure",
    "read_one",
    "silent",
]


FIRST = ("band", "pixel_size_um")
# Of the micrographs of a batch so many bytes are kept between its steps.
MOST_KEPT = 2**29


@dataclass(frozen=True)
class ReadOptions:
    """How micrographs are read.

    Attributes
    ----------
    band : "auto", "none" or int
        Find the information band, ignore it, or take its first row from the user.
    pixel_size_um : float or None
        The user's pixel size in micrometres; None takes the file's own.
    page : int or None
        Which image of a TIFF that holds several, from 1; None takes the full-size raw one.
    channel : int or None
        Which channel is the grey level, from 1; None takes them for colours.
    grey_range : (float, float) or None
        The values that become black and white; None takes those of the type, or quantiles of the image.
    mask : str or None
        File, or folder of files, that are zero where pixels take no part.
    borders : {"auto", "none"}
        Whether black borders are excluded.
    scale_bar_um : float, "auto", "none" or None
        Length of the scale bar in the information band, in micrometres; "auto" reads its label, None looks for no bar.
    colour : {"auto", "none"}
        Whether colours count where they say more than grey levels.
    overlays : {"auto", "none"}
        Whether burnt-in scale bars, labels and marks are excluded.
    usual_band : int or None
        Where the bands of most images of this size in the batch begin, for an image that has its own elsewhere.
    """

    band: str | int = "auto"
    pixel_size_um: float | None = None
    page: int | None = None
    channel: int | None = None
    grey_range: Sequence[float] | None = None
    mask: str | None = None
    borders: str = "auto"
    scale_bar_um: float | str | None = "auto"
    colour: str = "auto"
    overlays: str = "auto"
    usual_band: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the options as JSON values; those that earlier versions do not know where they are set only."""
        listed = None if self.grey_range is None else [float(value) for value in self.grey_range]
        every = {**asdict(self), "grey_range": listed}
        plain = {name: value for name, value in asdict(ReadOptions()).items() if name not in FIRST}
        return {name: value for name, value in every.items() if name in FIRST or value != plain[name]}


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
        return read_micrograph(path, **options.to_json())
    except (ValueError, OSError, MemoryError) as error:
        return failure(path, error)


def failure(path: Path, error: Exception) -> Failure:
    """Describe `error` in one line that names `path`."""
    text = " ".join(str(error).split()) or type(error).__name__
    return Failure(path, text if path.name in text else f"{path}: {text}")


@dataclass
class Decoded:
    """Micrographs of a batch that are kept from one step to the next, so that each file is decoded once.

    Attributes
    ----------
    free : int, default 2^29
        Bytes of pixels that may still be kept; what is beyond that is read again.

    Examples
    --------
    >>> import tempfile
    >>> from segment.samples import write_samples
    >>> path = write_samples(Path(tempfile.mkdtemp()), 1, materials=["ductile_iron"], shape=(64, 64))[0]
    >>> decoded = Decoded()
    >>> decoded.read(path, ReadOptions()) is decoded.read(path, ReadOptions())
    True
    >>> decoded.take(path, ReadOptions()) is decoded.read(path, ReadOptions())
    False
    """

    free: int = MOST_KEPT
    _kept: dict[tuple[Path, str], Micrograph | Failure] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Whether nothing more is kept."""
        return self.free <= 0

    def read(self, path: Path, options: ReadOptions) -> Micrograph | Failure:
        """Return what `read_one` does, and keep it for the next step."""
        key = _key(path, options)
        if key not in self._kept:
            item = read_one(path, options)
            self.free -= _size_of(item)
            if self.is_full:
                return item
            self._kept[key] = item
        return self._kept[key]

    def take(self, path: Path, options: ReadOptions) -> Micrograph | Failure:
        """Return what `read` does, and keep it no longer."""
        item = self._kept.get(_key(path, options))
        self.drop(path, options)
        return read_one(path, options) if item is None else item

    def drop(self, path: Path, options: ReadOptions) -> None:
        """Keep an image no longer."""
        item = self._kept.pop(_key(path, options), None)
        if item is not None:
            self.free += _size_of(item)


def _key(path: Path, options: ReadOptions) -> tuple[Path, str]:
    return path, json.dumps(options.to_json(), sort_keys=True)


def _size_of(item: Micrograph | Failure) -> int:
    if isinstance(item, Failure):
        return 0
    return sum(0 if plane is None else plane.nbytes for plane in (item.image, item.colour, item.valid))
