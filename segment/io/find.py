"""Turn what the user typed (files, folders, globs) into a list of image files."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from pathlib import Path

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")


def find_images(inputs: Iterable[str | Path]) -> list[Path]:
    """List the image files that the inputs stand for, each once, in natural order within each input.

    Parameters
    ----------
    inputs : iterable of str or Path
        Files are taken as they are, whatever their suffix. Folders give the images directly inside them, hidden files
        left out. Anything else is a glob pattern (``*``, ``?``, ``[...]``, ``**`` for folders at any depth), of whose
        matches those with an image suffix count.

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
    if isinstance(inputs, (str, Path)):
        inputs = [inputs]
    found: dict[Path, None] = {}
    asked = False
    for item in inputs:
        asked = True
        found.update(dict.fromkeys(_matches(item)))
    if not asked:
        raise ValueError("inputs is empty: name at least one image, folder or glob pattern")
    return list(found)


def _matches(item: str | Path) -> list[Path]:
    path = Path(item).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        matches = [file for file in path.iterdir() if not file.name.startswith(".")]
    else:
        matches = [Path(match) for match in glob.glob(str(path), recursive=True)]
    matches = [file for file in matches if file.suffix.lower() in SUFFIXES and file.is_file()]
    if not matches:
        known = ", ".join(SUFFIXES)
        what = "the folder holds" if path.is_dir() else "no such file, and as a pattern it matches"
        raise FileNotFoundError(f"'{item}': {what} no image ({known})")
    return sorted(matches, key=natural_key)


def natural_key(path: Path) -> tuple[str, list[tuple[int, int, str]], str]:
    """Sort key by folder, then by name with numbers compared as numbers: ``image2`` before ``image10``."""
    pieces = re.split(r"(\d+)", path.name.lower())
    return str(path.parent), [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in pieces if p], path.name
