"""Pairs of image and mask files out of whatever `datasets.load_dataset` reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from segment.datasets.fifty_one import MASK_FOLDER, find_mask
from segment.io.find import natural_key

File = tuple[bytes, Path]


def load_pairs(source: str, split: str | None) -> Iterator[tuple[File, File | None]]:
    """Load a data set and pair its images with their masks.

    Two layouts are known: one column of images and one of masks; and a single column, as the images of a FiftyOne
    repository come out, where ``data/`` holds the micrographs, ``fields/`` the masks, and ``samples.json`` says which
    belongs to which.

    Parameters
    ----------
    source : str
        A folder or a name on Hugging Face.
    split : str or None
        Name of a split; None for all.

    Yields
    ------
    image : (bytes, Path)
        Content and name of the file.
    mask : (bytes, Path) or None
        The same for its mask; None without one.

    Raises
    ------
    ImportError
        The `datasets` library is missing; says what to install.
    ConnectionError
        Hugging Face cannot be reached or does not know `source`.
    FileNotFoundError
        `source` holds no images.
    ValueError
        There is no such split.
    """
    try:
        import datasets
        from datasets.exceptions import DatasetsError
    except ImportError as error:
        raise ImportError(
            f"reading {source!r} needs the `datasets` library: pip install 'nmfcore[huggingface]'"
        ) from error
    try:
        loaded = datasets.load_dataset(source)
    except (OSError, ValueError, DatasetsError) as error:
        if Path(source).is_dir():
            raise FileNotFoundError(f"'{source}' is no data set of images: {error}") from error
        raise ConnectionError(f"cannot load {source!r} from Hugging Face: {error}") from error
    if split is not None and split not in loaded:
        raise ValueError(f"split must be one of {', '.join(map(repr, loaded))}, got {split!r}")
    names = list(loaded) if split is None else [split]
    columns = [name for name, feature in loaded[names[0]].features.items() if isinstance(feature, datasets.Image)]
    if not columns:
        raise FileNotFoundError(f"'{source}' holds no images, only {', '.join(loaded[names[0]].features)}")
    rows = []
    for name in names:
        part = loaded[name].select_columns(columns)
        for column in columns:
            part = part.cast_column(column, datasets.Image(decode=False))
        rows.extend(part)
    if len(columns) == 1:
        yield from _pair_by_path([row[columns[0]] for row in rows], _read_samples(source, datasets))
    else:
        image, mask = _tell_apart(columns)
        for i, row in enumerate(rows):
            yield _read(row[image], f"{names[0]}-{i}"), row[mask] and _read(row[mask], f"{names[0]}-{i}-mask")


def _tell_apart(columns: list[str]) -> tuple[str, str]:
    masks = [name for name in columns if any(word in name.lower() for word in ("mask", "label", "truth", "annot"))]
    mask = masks[0] if masks else columns[1]
    return next(name for name in columns if name != mask), mask


def _pair_by_path(cells: list[dict[str, Any]], samples: dict[str, Any]) -> Iterator[tuple[File, File | None]]:
    files = {PurePosixPath(Path(cell["path"] or f"image{i}").as_posix()): cell for i, cell in enumerate(cells)}
    masks = {path: cell for path, cell in files.items() if MASK_FOLDER in path.parts or "masks" in path.parts}
    for path in sorted(files.keys() - masks.keys(), key=lambda path: natural_key(Path(path))):
        mask = find_mask(path, masks, samples.get(path.name))
        if isinstance(mask, PurePosixPath):
            mask = _read(masks[mask], mask.name)
        yield _read(files[path], path.name), mask


def _read_samples(source: str, datasets: Any) -> dict[str, Any]:
    """Read FiftyOne's list of samples where the data set has one; file name to record."""
    root = source if Path(source).is_dir() else f"hf://datasets/{source}"
    try:
        path = Path(datasets.DownloadManager().download(f"{root}/samples.json"))
        samples = json.loads(path.read_text(encoding="utf-8"))["samples"]
        return {PurePosixPath(sample["filepath"]).name: sample for sample in samples}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _read(cell: dict[str, Any], name: str) -> File:
    path = Path(cell["path"] or name)
    return (path.read_bytes() if cell["bytes"] is None else cell["bytes"]), path
