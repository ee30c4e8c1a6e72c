"""What is taken for an image: a file, an array or a micrograph."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
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
        "pixels_sha256": digest_pixels(micrograph),
        "shape": list(micrograph.image.shape),
        "band_top": micrograph.band.top,
        "dtype": micrograph.dtype,
        "pixel_size_um": micrograph.calibration.pixel_size_um,
    }


def digest_pixels(micrograph: Micrograph) -> str:
    """Return the SHA-256 of the grey levels of an image, the same for a file and for the array it holds."""
    # One byte order, so that an image has the same digest on every machine.
    return hashlib.sha256(np.ascontiguousarray(micrograph.image, dtype="<f4").tobytes()).hexdigest()


def is_alone(micrograph: Micrograph, training: Sequence[dict[str, Any]]) -> bool:
    """Return whether an image is the only one that a model was trained on, as far as the model remembers."""
    return len(training) == 1 and training[0].get("pixels_sha256") == digest_pixels(micrograph)
