"""What a user painted: class ids of some pixels of some images, read and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segment.io import ImageReadError
from segment.io.decode import decode
from segment.records import Micrograph

UNLABELLED = 255
LabelImage = str | Path | ArrayLike
Labels = LabelImage | Sequence[LabelImage | None] | Mapping[str, LabelImage]


@dataclass(frozen=True)
class Annotation:
    """The labelled pixels of one image.

    Attributes
    ----------
    ids : ndarray of uint8, shape (h, w)
        The phase of every pixel, 255 where nothing is labelled; of the micrograph's size, without its band.
    sha256 : str or None
        Digest of the file's bytes; None for an array.
    """

    ids: NDArray[np.uint8]
    sha256: str | None


def read_labels(labels: Labels, micrographs: Sequence[Micrograph]) -> list[Annotation | None]:
    """Read the labels of several images and match them to these.

    Parameters
    ----------
    labels : path, array, sequence or mapping
        Of a single image its labels: a file or an integer array. Of several a sequence beside them, None where an image
        has no labels, or a mapping from the images' names. Ids are phase numbers, 255 where nothing is labelled; the
        shape is that of the image, with its information band or without.
    micrographs : sequence of Micrograph

    Returns
    -------
    list of Annotation or None
        One an image.

    Raises
    ------
    ValueError
        If the labels are not those of these images: another number, an unknown name, another shape, colours, ids that
        are no integers from 0 to 255, or no labelled pixel at all. The message names the image.
    segment.io.ImageReadError
        If a file cannot be read.
    """
    given = _matched(labels, micrographs)
    read = [
        None if item is None else _read(item, micrograph) for item, micrograph in zip(given, micrographs, strict=True)
    ]
    if all(item is None or (item.ids == UNLABELLED).all() for item in read):
        raise ValueError(f"labels: no pixel is labelled, all are {UNLABELLED}; paint some of each phase")
    return read


def count_phases(annotations: Sequence[Annotation | None], n_phases: int | None) -> int:
    """Return the number of phases that labels stand for.

    Parameters
    ----------
    annotations : sequence of Annotation or None
    n_phases : int or None
        What the user said; None takes it from the labels, which then must hold the ids 0, 1, ... without a gap.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If an id is not below `n_phases`, or without that the ids have a gap or are a single one.
    """
    ids = sorted({int(value) for item in annotations if item is not None for value in np.unique(item.ids)})
    ids = [value for value in ids if value != UNLABELLED]
    shown = ", ".join(map(str, ids[:8])) + (", ..." if len(ids) > 8 else "")
    if n_phases is not None:
        if n_phases < 2:
            raise ValueError(f"n_phases must be at least 2 to learn from labels, got {n_phases}")
        if ids[-1] >= n_phases:
            raise ValueError(
                f"labels hold the ids {shown}, but with {n_phases} phases they go from 0 to {n_phases - 1}, "
                f"and {UNLABELLED} where nothing is labelled"
            )
        return n_phases
    if ids != list(range(len(ids))):
        raise ValueError(f"labels hold the ids {shown}: number the phases from 0 without a gap, or give n_phases")
    if len(ids) == 1:
        raise ValueError("labels hold a single id, 0: paint two phases at least, or give n_phases to have others found")
    return len(ids)


def _matched(labels: Labels, micrographs: Sequence[Micrograph]) -> list[LabelImage | None]:
    names = [micrograph.name for micrograph in micrographs]
    if isinstance(labels, Mapping):
        unknown = [str(name) for name in labels if name not in names]
        if unknown:
            raise ValueError(f"labels: no image is called {', '.join(unknown)}; images are {', '.join(names)}")
        return [labels.get(name) for name in names]
    if isinstance(labels, (str, Path, np.ndarray)):
        several: list[LabelImage | None] = [labels]
    else:
        several = list(labels)  # pyright: ignore[reportArgumentType]
    if len(several) != len(names):
        raise ValueError(f"labels: {len(several)} given for {len(names)} images; None stands for an image without")
    return several


def _read(item: LabelImage, micrograph: Micrograph) -> Annotation:
    sha256 = None
    if isinstance(item, (str, Path)):
        what = f"labels '{item}'"
        try:
            data = Path(item).read_bytes()
            ids = decode(data)
        except OSError as error:
            raise ImageReadError(f"cannot read '{item}': {error.strerror or error}") from error
        except ImageReadError as error:
            raise ImageReadError(f"cannot read '{item}': {error}") from error
        sha256 = hashlib.sha256(data).hexdigest()
    else:
        what, ids = f"labels of '{micrograph.name}'", np.asarray(item)
    height, width = micrograph.image.shape
    if ids.ndim == 3 and np.all(ids == ids[..., :1]):
        ids = ids[..., 0]
    if ids.ndim != 2:
        raise ValueError(f"{what}: ids must be of shape (h, w), got {ids.shape}; colours are no ids")
    if ids.dtype.kind not in "iu":
        raise ValueError(f"{what}: ids must be integers, got {ids.dtype}")
    if ids.shape not in ((height, width), micrograph.read_shape):
        raise ValueError(f"{what}: shape {ids.shape}, but image '{micrograph.name}' has {(height, width)}")
    if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) <= UNLABELLED:
        odd = int(ids.min()) if ids.min() < 0 else int(ids.max())
        raise ValueError(f"{what}: ids go from 0 to 254, and 255 where nothing is labelled; found {odd}")
    return Annotation(np.ascontiguousarray(ids[:height], dtype=np.uint8), sha256)
