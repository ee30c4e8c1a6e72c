"""The files that a batch has once: which of those that are there are its own."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from segment.interchange import TABLE_FORMATS
from segment.io import OutputError
from segment.pipeline.reporting import REPORT

FRACTIONS = "fractions.csv"
MODEL = "model.npz"
# What such a file of this program begins with, or has near its end.
CSV_HEAD = b"image,phase,name,pixels,fraction"
PAGE_TITLE = b"<title>Phase fractions of "
COLUMNS = (b"image", b"phase", b"fraction")
HEAD = 4096


def refuse_foreign_tables(
    out: Path, exports: Sequence[str], *, with_report: bool = False, with_model: bool = False
) -> None:
    """Refuse to overwrite tables, a report or a model that this program did not write.

    Parameters
    ----------
    out : Path
        Folder that gets them.
    exports : sequence of str
        Names in `segment.interchange.TABLE_FORMATS`; others are passed over.
    with_report, with_model : bool, default False
        Whether a report and a model are about to be written.

    Raises
    ------
    segment.io.OutputError
        One is there and is the user's; names it.
    """
    targets: list[tuple[str, Callable[[Path], bool]]] = [(FRACTIONS, _is_table)]
    targets += [
        (Path(FRACTIONS).with_suffix(f".{chosen}").name, _is_parquet) for chosen in exports if chosen in TABLE_FORMATS
    ]
    targets += [(REPORT, _is_report)] if with_report else []
    targets += [(MODEL, is_model)] if with_model else []
    for name, is_own in targets:
        path = out / name
        if path.is_file() and path.stat().st_size and not is_own(path):
            raise OutputError(
                f"{path}: is there and was not written by this program; move or rename it, or choose another output "
                "folder"
            )


def is_model(path: Path) -> bool:
    """Return whether a file is a model, as far as the names of its parts say."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {"description.npy", "components.npy"} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def _is_table(path: Path) -> bool:
    return _head(path).startswith(CSV_HEAD)


def _is_report(path: Path) -> bool:
    return PAGE_TITLE in _head(path)


def _is_parquet(path: Path) -> bool:
    foot = path.read_bytes()[-HEAD:]
    return foot.endswith(b"PAR1") and all(name in foot for name in COLUMNS)


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD)
