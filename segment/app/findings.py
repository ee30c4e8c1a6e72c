"""What a computation of its own found: tables, pictures and files, kept with the project and shown in a tab."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from queue import SimpleQueue
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from segment.app.session import Findings
from segment.app.user_error import UserError
from segment.pipeline import Progress
from segment.pipeline.reading import OnProgress

T = TypeVar("T")
# What the tabs are called, and the folders of the download.
TABS = ("standard", "film", "atoms")
REPORT = "report.html"
# Files that are shown or handed over, by their suffix; the browser is asked to run none.
MEDIA = {
    ".png": "image/png",
    ".gif": "image/gif",
    ".html": "text/html",
    ".json": "application/json",
    ".csv": "text/csv",
    ".xyz": "text/plain",
    ".npz": "application/octet-stream",
    ".graphml": "application/xml",
}


def read_files(folder: Path) -> dict[str, NDArray[np.uint8]]:
    """Return the bytes of all files in a folder that the page can hand over, by name.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict of str to ndarray of uint8
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix in MEDIA)
    return {path.name: np.frombuffer(path.read_bytes(), dtype=np.uint8) for path in paths}


def following(work: Callable[[OnProgress], T]) -> Iterator[Progress | T]:
    """Do work that reports its progress to a function; yield the progress, and what the work returns last.

    Parameters
    ----------
    work : callable
        Takes the function that it reports to.

    Yields
    ------
    object

    Examples
    --------
    >>> list(following(lambda tell: tell("half") or "whole"))
    ['half', 'whole']
    """
    said: SimpleQueue[tuple[bool, Any]] = SimpleQueue()

    def run() -> None:
        try:
            said.put((True, work(lambda step: said.put((False, step)))))
        except BaseException as error:
            said.put((True, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while True:
        is_last, item = said.get()
        if isinstance(item, BaseException):
            raise item
        yield item
        if is_last:
            thread.join()
            return


def file_of(findings: Findings | None, name: str) -> tuple[bytes, str]:
    """Return the bytes and the media type of a file that was found.

    Parameters
    ----------
    findings : Findings or None
    name : str

    Returns
    -------
    tuple of (bytes, str)

    Raises
    ------
    UserError
        If there is no such file.
    """
    if findings is None or name not in findings.files:
        raise UserError("There is no such file: measure again.")
    return findings.files[name].tobytes(), MEDIA[Path(name).suffix]


def check_findings(findings: Findings) -> None:
    """Raise ValueError or TypeError where findings that somebody else may have written do not hold together."""
    texts = [findings.title, *findings.caveats, *(caption for _, caption in findings.pictures)]
    for table in findings.tables:
        texts += [table.title, table.note, *table.columns, *(text for row in table.rows for text in row)]
    texts += [text for place in findings.places for text in (place.image, place.text)]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a text of what was measured cannot be")
    for name, content in findings.files.items():
        if name != PurePosixPath(name).name or re.search(r"^\.|[\\:]", name) or Path(name).suffix not in MEDIA:
            raise ValueError(f"the file {name[:40]!r} of what was measured cannot be")
        if content.ndim != 1 or content.dtype != np.uint8:
            raise ValueError(f"the file {name[:40]!r} of what was measured is damaged")
    if not {name for name, _ in findings.pictures} <= set(findings.files):
        raise ValueError("a picture of what was measured is missing")
    for place in findings.places:
        if not np.isfinite([place.x, place.y, place.width]).all():
            raise ValueError(f"the place {place.text[:40]!r} cannot be")


def pictures_of(files: Mapping[str, Any], captions: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the captions of the pictures that are there."""
    return tuple((name, caption) for name, caption in captions if name in files)
