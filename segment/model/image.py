"""What is taken for an image: a file, an array or a micrograph."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segment.features.scale import working_shape
from segment.features.valid import valid_at
from segment.io import from_array, read_micrograph
from segment.io.colour import to_chroma
from segment.preprocess import resize
from segment.records import GreyImage, Micrograph, chroma_of, valid_of

Image = str | Path | ArrayLike | Micrograph


def as_micrograph(image: Image) -> Micrograph:
    """Return `image` as a Micrograph: a path is read, an array is taken as it is."""
    if isinstance(image, Micrograph):
        return image
    if isinstance(image, (str, Path)):
        return read_micrograph(image)
    return from_array(np.asarray(image))


def look_at(micrograph: Micrograph) -> NDArray[np.float32]:
    """Return the grey levels of an image, with its colours and with which pixels take part where there is such.

    Parameters
    ----------
    micrograph : Micrograph

    Returns
    -------
    ndarray of float32 or GreyImage, shape (h, w)
        ``micrograph.image`` itself of a grey image of which every pixel takes part.
    """
    if micrograph.colour is None and micrograph.valid is None:
        return micrograph.image
    chroma = None if micrograph.colour is None else to_chroma(micrograph.colour)
    return GreyImage(micrograph.image, chroma, micrograph.valid)


def as_many(images: Image | Iterable[Image]) -> Iterable[Image]:
    """Return one image, or several, as several."""
    if isinstance(images, (str, Path, Micrograph, np.ndarray)):
        return [images]
    return images  # pyright: ignore[reportReturnType]


def provenance(micrograph: Micrograph) -> dict[str, Any]:
    """Return what a model remembers of an image that it was trained on."""
    colour = {} if micrograph.colour is None else {"is_coloured": True}
    return {
        "name": micrograph.name,
        "sha256": micrograph.sha256,
        "pixels_sha256": digest_pixels(micrograph),
        "shape": list(micrograph.image.shape),
        "band_top": micrograph.band.top,
        "dtype": micrograph.dtype,
        "pixel_size_um": micrograph.calibration.pixel_size_um,
        **colour,
    }


def digest_pixels(micrograph: Micrograph) -> str:
    """Return the SHA-256 of the grey levels of an image, the same for a file and for the array it holds.

    Of an image in colour, and of one with excluded pixels, that of its colours and of these as well.
    """
    # One byte order, so that an image has the same digest on every machine.
    digest = hashlib.sha256(np.ascontiguousarray(micrograph.image, dtype="<f4").tobytes())
    if micrograph.colour is not None:
        digest.update(np.ascontiguousarray(micrograph.colour, dtype="<f4").tobytes())
    if micrograph.valid is not None:
        digest.update(np.packbits(micrograph.valid).tobytes())
    return digest.hexdigest()


def is_alone(micrograph: Micrograph, training: Sequence[dict[str, Any]]) -> bool:
    """Return whether an image is the only one that a model was trained on, as far as the model remembers."""
    return len(training) == 1 and training[0].get("pixels_sha256") == digest_pixels(micrograph)


def shrink(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return an image at the size at which textures are taken, with the colours and the validity of its pixels."""
    shape = working_shape(image.shape)
    chroma = chroma_of(image)
    planes = [np.asarray(image), *([] if chroma is None else chroma)]
    small = [resize(plane, shape) for plane in planes]
    return GreyImage(small[0], None if chroma is None else np.stack(small[1:]), valid_at(valid_of(image), shape))
