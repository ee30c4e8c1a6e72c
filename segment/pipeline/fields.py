"""Fields of one material read together: what their files say, with one pixel size or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.io import write_json
from segment.io.own import refuse_foreign, sha256_of, staged
from segment.pipeline.banding import read_batch
from segment.pipeline.naming import output_names
from segment.pipeline.reading import Failure, ReadOptions
from segment.records import Micrograph


@dataclass(frozen=True)
class Fields:
    """Readable fields of one material.

    Attributes
    ----------
    micrographs : tuple of Micrograph
    names : tuple of str
        What the output files of each are called.
    pixel_size_um : float or None
        The pixel size that all share; None where one is not known, or they differ.
    failures : tuple of Failure
    notes : tuple of str
        Why there is no pixel size, and what was chosen, corrected or excluded when each was read.
    """

    micrographs: tuple[Micrograph, ...]
    names: tuple[str, ...]
    pixel_size_um: float | None
    failures: tuple[Failure, ...]
    notes: tuple[str, ...]


def read_fields(paths: Sequence[Path], options: ReadOptions) -> Fields:
    """Read files as fields of one material.

    Parameters
    ----------
    paths : sequence of Path
    options : ReadOptions

    Returns
    -------
    Fields

    Raises
    ------
    ValueError
        If none can be read.
    """
    items = read_batch(paths, options)
    failures = tuple(item for item in items if isinstance(item, Failure))
    readable = tuple(item for item in items if not isinstance(item, Failure))
    if not readable:
        reasons = "; ".join(item.message for item in failures)
        raise ValueError(f"none of the {len(items)} inputs could be read: {reasons}")
    sizes = {item.calibration.pixel_size_um for item in readable}
    notes: tuple[str, ...] = ()
    if sizes == {None}:
        notes = ("the size of a pixel is not known: lengths are in pixels, and nothing that needs a size is stated",)
    elif len(sizes) > 1:
        found = ", ".join(sorted("unknown" if size is None else f"{size:g} um" for size in sizes))
        notes = (f"the fields differ in the size of a pixel ({found}): nothing that needs one size is stated",)
    size = sizes.pop() if len(sizes) == 1 else None
    names = output_names([path for path, item in zip(paths, items, strict=True) if not isinstance(item, Failure)])
    said = [f"{name}: {note}" for name, item in zip(names, readable, strict=True) for note in item.notes]
    return Fields(readable, tuple(names), size, failures, (*notes, *said))


def to_bytes(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return grey levels in [0, 1] as 8 bits."""
    return np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)


def write_measurements(
    out: Path, record: str, kind: str, content: Mapping[str, Any], files: Mapping[str, Callable[[Path], None]]
) -> None:
    """Write measurements, all of them or none, and overwrite nothing that this program did not write.

    Parameters
    ----------
    out : Path
        Folder, made where missing.
    record : str
        Name of the JSON file, which lists the others with their digests.
    kind : str
        What the record says it is.
    content : mapping
        JSON values.
    files : mapping of str to callable
        Name of each other file, and ``write(path)``.

    Raises
    ------
    segment.io.OutputError
        If a file is there that this program did not write, or cannot be written.
    """
    refuse_foreign([out / name for name in (*files, record)], out / record)
    with staged(out) as folder:
        for name, write in files.items():
            write(folder / name)
        digests = {name: sha256_of(folder / name) for name in files}
        write_json(folder / record, {"format": f"segment {kind}", **content, "files_sha256": digests})
