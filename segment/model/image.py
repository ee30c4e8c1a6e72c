"""What is taken for an image: a file, an array or a micrograph."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from segment.io import from_array, read_micrograph
from segment.records import Micrograph

Image = str | Path | ArrayLike | Micrograph


def as_micrograph(image: Image) -> Micrograph:
    """Return `image` as a Micrograph: a path is read, an array is taken as it is."""
    if isinstance(image, Micrograph):
        return image
    if isinstance(image, (str, Path)):
        return read_micrograph(image)
    return from_array(np.asarray(image))


def as_many(images: Image | Iterable[Image]) -> Iterable[Image]:
    """Return one image, or several, as several."""
    if isinstance(images, (str, Path, Micrograph, np.ndarray)):
        return [images]
    return images  # pyright: ignore[reportReturnType]


def provenance(micrograph: Micrograph) -> dict[str, Any]:
    """Return what a model remembers of an image that it was trained on."""
    return {
        "name": micrograph.name,
        "sha256": micrograph.sha256,
        "shape": list(micrograph.image.shape),
        "band_top": micrograph.band.top,
        "dtype": micrograph.dtype,
        "pixel_size_um": micrograph.calibration.pixel_size_um,
    }
