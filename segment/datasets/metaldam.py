"""MetalDAM: scanning electron micrographs of additively manufactured steel, annotated with five classes."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from segment.datasets.hugging_face import load_pairs
from segment.datasets.labelled import LabelledMicrograph, label
from segment.io import ImageReadError, find_images, read_micrograph
from segment.io.decode import decode
from segment.io.read import read_bytes
from segment.records import Band, Calibration, Micrograph

HUGGING_FACE_NAME = "Voxel51/OD_MetalDAM"
CLASSES = ("matrix", "austenite", "martensite/austenite", "precipitate", "defect")

# The tick marks of this micrograph's own scale, 504 px for 5 um, contradict the 50 px/um on record.
PIXELS_PER_UM_MEASURED = {4: 100.8}


def load_metaldam(source: str | Path = HUGGING_FACE_NAME, *, split: str | None = None) -> list[LabelledMicrograph]:
    """Load MetalDAM from a folder or from Hugging Face.

    Parameters
    ----------
    source : str or Path, default "Voxel51/OD_MetalDAM"
        One of:

        - a folder with ``images/`` (or ``raw/``, with information bands) and ``masks/``, and where they are known
          ``classes.csv`` (id, name) and ``scale.csv`` (micrograph_id, pixels_per_micron, height);
        - any other folder that ``datasets.load_dataset`` reads, such as a copy of the Hugging Face repository;
        - a name on Hugging Face, downloaded by the `datasets` library.
    split : str, optional
        A split of a Hugging Face data set; all of them by default.

    Returns
    -------
    list of LabelledMicrograph
        In natural order of their names. Masks hold 255 where nothing was annotated, which is so for most precipitates.

    Raises
    ------
    FileNotFoundError
        `source` is neither a folder nor looks like a name on Hugging Face, or holds no images.
    ImportError
        The `datasets` library is needed and missing; says what to install.
    ConnectionError
        Hugging Face cannot be reached or does not know the name.
    ValueError
        `split` is unknown, or a mask does not fit its image.
    ImageReadError
        A file is damaged.

    Notes
    -----
    The scale on record for micrograph4, 50 px/um, is half the true one. It is replaced by 100.8 px/um, measured on the
    tick marks in its own information band, and the calibration's source says so. The Hugging Face copy has no scale.

    References
    ----------
    ArcelorMittal and DaSCI, MetalDAM, https://github.com/ari-dasci/OD-MetalDAM

    Examples
    --------
    >>> import tempfile
    >>> from segment.io import write_png
    >>> import numpy as np
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("images", "masks"):
    ...     write_png(folder / name / "micrograph0.png", np.zeros((8, 9), np.uint8))
    >>> [(one.micrograph.name, one.mask.shape) for one in load_metaldam(folder)]
    [('micrograph0', (8, 9))]
    """
    folder = Path(source).expanduser()
    if (folder / "masks").is_dir() and ((folder / "images").is_dir() or (folder / "raw").is_dir()):
        if split is not None:
            raise ValueError(f"split must be None for the folder '{folder}', which has none; got {split!r}")
        return _load_folder(folder)
    if not folder.is_dir() and not re.fullmatch(r"[\w.-]+/[\w.-]+", str(source)):
        raise FileNotFoundError(f"'{source}' is neither a folder nor a Hugging Face name like {HUGGING_FACE_NAME!r}")
    return _load_hugging_face(str(folder if folder.is_dir() else source), split)


def _load_folder(folder: Path) -> list[LabelledMicrograph]:
    classes = _read_classes(folder / "classes.csv")
    scales = _read_table(folder / "scale.csv", "micrograph_id")
    labelled = []
    for path in find_images([folder / "images" if (folder / "images").is_dir() else folder / "raw"]):
        mask_path = folder / "masks" / f"{path.stem}.png"
        mask = _decode_mask(mask_path.read_bytes(), mask_path) if mask_path.is_file() else None
        micrograph = read_micrograph(path, band="none")
        number = re.search(r"\d+$", path.stem)
        scale = scales.get(number.group() if number else "")
        rows = None if mask is None else mask.shape[0]
        if number and scale is not None:
            calibration = _calibrate(int(number.group()), float(scale["pixels_per_micron"]))
            micrograph = replace(micrograph, calibration=calibration)
            rows = rows or int(scale["height"])
        labelled.append(label(_crop(micrograph, rows), mask, classes))
    return labelled


def _load_hugging_face(source: str, split: str | None) -> list[LabelledMicrograph]:
    labelled = []
    for image, mask in load_pairs(source, split):
        ids = None if mask is None else _decode_mask(*mask)
        micrograph = read_bytes(*image, band="auto" if ids is None else "none")
        labelled.append(label(_crop(micrograph, None if ids is None else ids.shape[0]), ids, CLASSES))
    return labelled


def _decode_mask(data: bytes, path: Path) -> NDArray[Any]:
    try:
        return decode(data)
    except ImageReadError as error:
        raise ImageReadError(f"cannot read '{path}': {error}") from error


def _crop(micrograph: Micrograph, rows: int | None) -> Micrograph:
    """Cut off the information band where the set's annotators did."""
    if rows is None or rows >= micrograph.image.shape[0]:
        return micrograph
    parts = {name: part[:rows] for name in ("valid", "colour") if (part := getattr(micrograph, name)) is not None}
    return replace(micrograph, image=micrograph.image[:rows].copy(), band=Band(rows, "metadata"), **parts)


def _calibrate(number: int, pixels_per_um: float) -> Calibration:
    measured = PIXELS_PER_UM_MEASURED.get(number)
    if measured is not None:
        source = f"tick marks of its information band, {measured:g} px/um; scale.csv says {pixels_per_um:g}"
        return Calibration(1 / measured, source, "low")
    return Calibration(1 / pixels_per_um, "scale.csv, pixels_per_micron", "low")


def _read_classes(path: Path) -> tuple[str, ...]:
    rows = _read_table(path, "id")
    names = tuple(rows[str(i)]["name"] for i in range(len(rows)) if str(i) in rows)
    if len(names) != len(rows):
        raise ValueError(f"'{path}': ids must run from 0 to {len(rows) - 1}, got {', '.join(rows)}")
    return names or CLASSES


def _read_table(path: Path, key: str) -> dict[str, dict[str, str]]:
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as stream:
        return {row[key]: row for row in csv.DictReader(stream)}
