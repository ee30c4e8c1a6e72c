"""Which files this program wrote itself, so that it overwrites and reads no others."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from segment.io.location import is_remote
from segment.io.write import OutputError, send

# What the lists of files that this program writes begin with.
KIND = '"format": "segment '
HEAD = 200
# Folders that stand for a file.
STORES = (".zspy",)


def list_own(record: Path) -> dict[str, str | None]:
    """Return the files that a JSON record of this program names, with the SHA-256 that they had; empty for others.

    Parameters
    ----------
    record : Path
        ``NAME.json`` of a run, ``NAME_candidates.json`` of an exploration.
    """
    content = _read(record)
    digests, files = content.get("files_sha256"), content.get("files")
    found: dict[str, str | None] = {str(name): None for name in files} if isinstance(files, list) else {}
    return found | ({str(name): str(digest) for name, digest in digests.items()} if isinstance(digests, dict) else {})


def list_outputs(folder: Path) -> dict[str, str]:
    """Return the files of a folder that earlier runs wrote, unchanged since, and the record that names each.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict of str to str
        From the name of a file to that of the record.
    """
    found: dict[str, str] = {}
    for record in sorted(folder.glob("*.json")):
        if not is_own_record(record):
            continue
        for name, digest in list_own(record).items():
            if is_unchanged(folder / name, digest):
                found[name] = record.name
    return found


def is_own_record(path: Path) -> bool:
    """Return whether a file is a JSON record that this program wrote, be it a damaged one."""
    try:
        with path.open("rb") as stream:
            return KIND.encode() in stream.read(HEAD)
    except OSError:
        return False


def is_unchanged(path: Path, digest: str | None) -> bool:
    """Return whether a file is there and has the digest, or any where None was recorded."""
    try:
        return path.is_file() and (digest is None or sha256_of(path) == digest)
    except OSError:
        return False


def read_all(path: Path) -> bytes:
    """Return the bytes of a file, or of all files of a folder that stands for one, with their names, in order."""
    if not path.is_dir() or path.suffix.lower() not in STORES:
        return path.read_bytes()
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return b"".join(file.relative_to(path).as_posix().encode() + b"\0" + file.read_bytes() for file in files)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal; of a folder that stands for one as `read_all` has it."""
    if path.is_dir():
        return hashlib.sha256(read_all(path)).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def refuse_foreign(targets: Iterable[Path], record: Path) -> None:
    """Refuse to overwrite files that this program did not write, or that were changed since.

    Parameters
    ----------
    targets : iterable of Path
        Files that are about to be written.
    record : Path
        The JSON file, one of them or to be, that names those of an earlier run.

    Raises
    ------
    OutputError
        One is there and is the user's; names it.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "a_labels.png").write_bytes(b"painted by hand")
    15
    >>> refuse_foreign([folder / "a_labels.png"], folder / "a.json")
    Traceback (most recent call last):
        ...
    segment.io.write.OutputError: ...a_labels.png: is there and was not written by this program...
    """
    is_own, listed = is_own_record(record), list_own(record)
    for target in targets:
        if not target.exists():
            continue
        # A damaged record vouches for the names that its run writes.
        is_known = is_own and (target == record or not listed or target.name in listed)
        if not is_known:
            reason = "is there and was not written by this program"
        elif target != record and target.name in listed and not is_unchanged(target, listed[target.name]):
            reason = "was changed since this program wrote it"
        else:
            continue
        raise OutputError(f"{target}: {reason}; move or rename it, or choose another output folder")


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Give a hidden folder whose files move into `out`, JSON last, when the block ends without an exception.

    What is in `out` stays as it was until then, whatever ends the block early.

    Parameters
    ----------
    out : Path
        Made where missing. For a URL the folder is one of this machine, from which the files are sent.

    Yields
    ------
    Path
        The folder to write to; it is empty.

    Raises
    ------
    OutputError
        The folder cannot be made or written to; names it.
    """
    if is_remote(out):
        with tempfile.TemporaryDirectory(prefix="segment-") as folder:
            yield Path(folder)
            for path in _json_last(Path(folder)):
                send(path, out / path.name)
        return
    stage = out / f".segment-{secrets.token_hex(8)}"
    try:
        try:
            stage.mkdir(parents=True)
            yield stage
            files = _json_last(stage)
            # An older record must not vouch for new files, should this be interrupted.
            for path in files:
                if path.suffix == ".json":
                    (out / path.name).unlink(missing_ok=True)
            for path in files:
                path.replace(out / path.name)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write in folder '{out}': {error.strerror or error}") from error


def _json_last(folder: Path) -> list[Path]:
    return sorted(folder.iterdir(), key=lambda path: (path.suffix == ".json", path.name))


def _read(record: Path) -> dict[str, Any]:
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) and str(content.get("format", "")).startswith("segment ") else {}
