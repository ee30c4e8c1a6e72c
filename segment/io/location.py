"""Where a file is: a path of this machine, or a URL that fsspec reads and writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlparse


def is_url(item: object) -> bool:
    """Return whether text names a place by its protocol, as ``s3://bucket/folder``."""
    return isinstance(item, str) and "://" in item


def as_path(item: str | Path) -> Path:
    """Return a path for what the user typed.

    Parameters
    ----------
    item : str or Path
        A path, with or without ``~``; a URL such as ``s3://bucket/folder``, ``memory://folder``, or ``file:///folder``,
        which is a path of this machine.

    Returns
    -------
    Path
        For other URLs one of the package universal-pathlib, which has the same methods.

    Raises
    ------
    ValueError
        If that package, or the one that knows the protocol, is not installed.

    Examples
    --------
    >>> as_path("file:///data/a%20b").as_posix()
    '/data/a b'
    """
    if not is_url(item):
        return Path(item).expanduser() if isinstance(item, str) else item
    text = str(item)
    if text.startswith("file://"):
        return Path(unquote(urlparse(text).path))
    try:
        from upath import UPath

        return cast(Path, UPath(text))
    except ImportError as error:
        raise ValueError(
            f"'{text}': reading and writing URLs needs {error.name or error}: pip install 'nmfcore[remote]'"
        ) from error


def is_remote(path: Any) -> bool:
    """Return whether a path is one that fsspec serves, not the system."""
    return not isinstance(path, Path)


def absolute(path: Path) -> Path:
    """Return a path that means the same from any folder."""
    return path if is_remote(path) else path.absolute()
