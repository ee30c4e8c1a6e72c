"""Write files whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.io.location import as_path, is_remote

# Runs of equal bytes suit flat colours: half the time of zlib's quickest level for labels, pictures and overlays.
QUICK_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE)


class OutputError(OSError):
    """A result could not be written; the message names the folder and the system's reason."""


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path that becomes `path` when the block ends without an exception.

    The temporary file lies in the same folder, which is created where missing, and keeps the suffix of `path`.
    It is flushed to the disk, then moved over `path` in one step. Whatever ends the block early, Ctrl-C included,
    removes it and leaves an older file at `path` as it was.

    Parameters
    ----------
    path : str or Path
        Where the file is to be.

    Yields
    ------
    Path
        The temporary file to write to. It exists and is empty.

    Raises
    ------
    OutputError
        The folder cannot be made or written to, or the disk refuses the file; names the folder.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> with atomic_path(folder / "a.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> (folder / "a.txt").read_text()
    'whole'
    """
    path = as_path(path)
    if path.is_dir():
        raise OutputError(f"cannot write {path.name!r} in folder '{path.parent}': a folder of that name is there")
    if is_remote(path):
        with _sent(path) as temporary:
            yield temporary
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f".{path.stem[:40]}-{secrets.token_hex(8)}{path.suffix}"
        # Not mkstemp: its files are private, and the user's mask can only be asked for by changing it for all threads.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise OutputError(_refusal(path, error)) from error
    try:
        yield temporary
        _publish(temporary, path)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(_refusal(path, error)) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_png(path: str | Path, image: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    """Write an image as PNG.

    Parameters
    ----------
    path : str or Path
        Where to.
    image : ndarray of uint8 or uint16, shape (h, w), (h, w, 3) or (h, w, 4)
        Grey, RGB or RGBA.

    Raises
    ------
    ValueError
        `image` has another shape or type.
    OutputError
        The folder cannot be written to.
    """
    pixels = np.asarray(image)
    is_image = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))
    if pixels.dtype not in (np.uint8, np.uint16) or not is_image or not pixels.size:
        raise ValueError(
            f"image must be uint8 or uint16 of shape (h, w), (h, w, 3) or (h, w, 4), got {pixels.dtype} {pixels.shape}"
        )
    with atomic_path(path) as temporary:
        temporary.write_bytes(encode_png(pixels))


def encode_png(pixels: NDArray[np.uint8 | np.uint16]) -> bytes:
    """Return the bytes of a PNG of grey, RGB or RGBA `pixels`: a quarter of zlib's usual time, an eighth larger."""
    order = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}.get(pixels.shape[2]) if pixels.ndim == 3 else None
    swapped = np.ascontiguousarray(pixels) if order is None else cv2.cvtColor(np.ascontiguousarray(pixels), order)
    return cv2.imencode(".png", swapped, QUICK_PNG)[1].tobytes()


def write_text(path: str | Path, text: str) -> None:
    """Write text as UTF-8 with the line ends it has.

    Parameters
    ----------
    path : str or Path
        Where to.
    text : str
        All of it.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


def write_json(path: str | Path, content: Any) -> None:
    """Write JSON, indented, keys in the order given.

    Parameters
    ----------
    path : str or Path
        Where to.
    content : object
        What JSON knows, and NumPy numbers and arrays and paths, which become their plain counterparts.

    Raises
    ------
    ValueError
        `content` holds NaN or infinity, which JSON does not know; nothing is written.
    TypeError
        `content` holds something else that JSON does not know; nothing is written.
    OutputError
        The folder cannot be written to.
    """
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False, default=_plain) + "\n")


def write_npz(path: str | Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays as one compressed .npz.

    Parameters
    ----------
    path : str or Path
        Where to.
    arrays : mapping of str to ndarray
        The arrays by name.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **cast(dict[str, Any], dict(arrays)))


@contextmanager
def _sent(path: Path) -> Iterator[Path]:
    """Give a local file that is sent to a URL when the block ends without an exception."""
    with tempfile.TemporaryDirectory(prefix="segment-") as folder:
        temporary = Path(folder) / f"file{path.suffix}"
        temporary.touch()
        yield temporary
        send(temporary, path)


def send(file: Path, to: Path) -> None:
    """Copy a local file to where a URL says; an OutputError names that folder."""
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(file.read_bytes())
    except OSError as error:
        raise OutputError(_refusal(to, error)) from error


def _publish(temporary: Path, path: Path) -> None:
    with temporary.open("rb+") as stream:
        os.fsync(stream.fileno())
    temporary.replace(path)


def _refusal(path: Path, error: OSError) -> str:
    return f"cannot write {path.name!r} in folder '{path.parent}': {error.strerror or error}"


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path) or hasattr(value, "protocol"):
        return str(value)
    raise TypeError(f"cannot write a {type(value).__name__} as JSON")
