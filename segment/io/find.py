"""Turn what the user typed (files, folders, globs) into a list of image files."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from segment.io.formats.electron import READERS
from segment.io.location import as_path, is_remote
from segment.io.own import is_own_record, list_outputs

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".jp2", ".j2k", ".jpx", ".webp"),
    *(".pgm", ".ppm", ".pnm", ".npy"),
)
# Read where RosettaSciIO is installed; a ZSPY may be a folder.
SUFFIXES = (*SUFFIXES, *READERS)
# Written by microscopes beside their images.
COMPANIONS = (".txt", ".hdr")


@dataclass(frozen=True)
class Skipped:
    """A file among the inputs that is not read.

    Attributes
    ----------
    path : Path
    reason : str
    """

    path: Path
    reason: str


@dataclass(frozen=True)
class Inputs:
    """The files that the user's words stand for.

    Attributes
    ----------
    images : tuple of Path
        Each once, in natural order within each word.
    skipped : tuple of Skipped
        Files that a folder holds or a pattern matches, or that were named, and that are no inputs.
    """

    images: tuple[Path, ...]
    skipped: tuple[Skipped, ...]


def find_images(inputs: Iterable[str | Path]) -> list[Path]:
    """List the image files that the inputs stand for, each once, in natural order within each input.

    Parameters
    ----------
    inputs : iterable of str or Path
        Files are taken as they are, whatever their suffix. URLs such as ``s3://bucket/folder`` count like paths, see
        `segment.io.location.as_path`. Folders give the images directly inside them, hidden files
        left out. Anything else is a glob pattern (``*``, ``?``, ``[...]``, ``**`` for folders at any depth), of whose
        matches those with an image suffix count. Pictures that an earlier run wrote are never inputs.

    Returns
    -------
    list of Path
        In the order of the inputs; ``image2`` before ``image10``.

    Raises
    ------
    FileNotFoundError
        An input stands for no image; names that input.
    ValueError
        No inputs at all.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("b10.png", "b9.png", "notes.txt"):
    ...     (folder / name).touch()
    >>> [path.name for path in find_images([folder])]
    ['b9.png', 'b10.png']
    """
    return list(find_inputs(inputs).images)


def find_inputs(inputs: Iterable[str | Path]) -> Inputs:
    """List the image files that the inputs stand for, and those that are passed over.

    Parameters
    ----------
    inputs : iterable of str or Path
        Files, folders and patterns, as `find_images` takes them.

    Returns
    -------
    Inputs

    Raises
    ------
    FileNotFoundError
        If an input stands for no image.
    """
    if isinstance(inputs, (str, Path)):
        inputs = [inputs]
    found: dict[Path, None] = {}
    skipped: dict[Path, Skipped] = {}
    outputs: dict[Path, dict[str, str]] = {}
    asked = False
    for item in inputs:
        asked = True
        images, others = _matches(item)
        skipped.update({path: Skipped(path, "not an image by its name") for path in others})
        made = []
        for path in images:
            written = outputs.setdefault(path.parent, list_outputs(path.parent))
            if path.name in written:
                made.append(path)
                skipped[path] = Skipped(path, f"written by an earlier run, says {written[path.name]}")
            else:
                found[path] = None
        if not images or len(made) == len(images):
            raise FileNotFoundError(_nothing(item, bool(made)))
    if not asked:
        raise ValueError("inputs is empty: name at least one image, folder or glob pattern")
    return Inputs(tuple(found), tuple(skipped[path] for path in skipped if path not in found))


def _matches(item: str | Path) -> tuple[list[Path], list[Path]]:
    """Return the images that an item stands for, and the other files."""
    path = as_path(item)
    if path.is_file() or _is_store(path):
        return [path], []
    if path.is_dir():
        matches = [file for file in path.iterdir() if not file.name.startswith(".")]
    elif is_remote(path):
        matches = _matching(path)
    else:
        matches = [Path(match) for match in glob.glob(str(path), recursive=True)]
    # A link that leads nowhere is no file, and is not passed over in silence.
    is_there = (
        file for file in matches if file.is_file() or _is_store(file) or (file.is_symlink() and not file.exists())
    )
    files = sorted(is_there, key=natural_key)
    images = [file for file in files if file.suffix.lower() in SUFFIXES]
    taken = {file.stem.casefold() for file in images}
    # An EMI file says of the SER files beside it, NAME_1.ser and so on, what its own name is.
    series = {re.sub(r"_\d+$", "", file.stem) for file in images if file.suffix.lower() == ".ser"}
    images = [file for file in images if not (file.suffix.lower() == ".emi" and file.stem in series)]
    taken |= {name.casefold() for name in series}
    taken |= {f"{file.stem}-{file.suffix.lstrip('.')}".casefold() for file in images}
    others = [file for file in files if file.suffix.lower() not in SUFFIXES and not _belongs(file, taken)]
    return images, others


def _is_store(path: Path) -> bool:
    return path.is_dir() and path.suffix.lower() == ".zspy"


def _matching(pattern: Path) -> list[Path]:
    """Return what a URL with wildcards stands for."""
    parts = pattern.parts
    at = next((number for number, part in enumerate(parts) if glob.has_magic(part)), None)
    if at is None:
        return []
    folder = pattern
    for _ in parts[at:]:
        folder = folder.parent
    return list(folder.glob("/".join(parts[at:])))


def _belongs(file: Path, stems: set[str]) -> bool:
    """Return whether a file is read together with an image, or tells of an earlier run."""
    suffix = file.suffix.lower()
    if suffix == ".json":
        return is_own_record(file)
    return suffix in COMPANIONS and file.stem.casefold() in stems


def _nothing(item: str | Path, is_made: bool) -> str:
    path = as_path(item)
    known = ", ".join(SUFFIXES)
    if is_made:
        return f"'{item}': holds only what an earlier run wrote, and cannot be an input"
    what = "the folder holds" if path.is_dir() else "no such file, and as a pattern it matches"
    return f"'{item}': {what} no image ({known})"


def natural_key(path: Path) -> tuple[str, list[tuple[int, int, str]], str]:
    """Sort key by folder, then by name with numbers compared as numbers: ``image2`` before ``image10``."""
    pieces = re.split(r"(\d+)", path.name.lower())
    return str(path.parent), [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in pieces if p], path.name
