"""Text files that a microscope writes beside its images."""

from __future__ import annotations

import codecs

from segment.io.image_file import ImageFile

MAX_BYTES = 1 << 20


def read_side_file(file: ImageFile, *patterns: str) -> str:
    """Return the text beside `file` whose name fits a pattern; "" where there is none, or it is over 1 MiB.

    Parameters
    ----------
    file : ImageFile
    *patterns : str
        Names in order of preference, ``{stem}`` and ``{suffix}`` (no dot) standing for the image's, case ignored.
    """
    suffix = file.path.suffix.lstrip(".")
    wanted = [pattern.format(stem=file.path.stem, suffix=suffix).casefold() for pattern in patterns]
    try:
        beside = {entry.name.casefold(): entry for entry in file.path.parent.iterdir()}
        found = next((beside[name] for name in wanted if name in beside), None)
        if found is None or not found.is_file() or found.stat().st_size > MAX_BYTES:
            return ""
        return _decoded(found.read_bytes())
    except OSError:
        return ""


def entries(text: str, separator: str) -> dict[str, str]:
    """Return the first value of every key in lines of ``key separator value``."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, mark, value = line.partition(separator)
        if mark:
            found.setdefault(key.strip(), value.strip())
    return found


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
