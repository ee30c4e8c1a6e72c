"""The images that cases measure on: real ones where they are present, synthetic ones elsewhere, always saying which."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features import extract
from segment.samples import MATERIALS, make_micrograph

SHAPE = (703, 1024)
DIFFERENT = 10


def real_paths() -> list[Path]:
    """List the MetalDAM micrographs of 1024 x 703 pixels, in order of name.

    Returns
    -------
    list of Path
        Empty where the folder named by NMFCORE_DATA (by default ``../shared/data`` beside the checkout) is absent.
    """
    root = os.environ.get("NMFCORE_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data"
    paths = sorted((Path(root) / "metaldam" / "images").glob("*.png"))
    return [path for path in paths if _read(path).shape == SHAPE]


def load_images(count: int, crop: int | None) -> tuple[list[NDArray[np.float32]], str]:
    """Load or make micrographs.

    Parameters
    ----------
    count : int
    crop : int or None
        Side in pixels of a square cut from the centre; None: whole images of 1024 x 703.

    Returns
    -------
    images : list of ndarray of float32, shape (h, w)
        Grey levels in [0, 1].
    description : str
        What they are, in words.
    """
    paths = real_paths()
    if len(paths) >= count:
        images = [_read(path) for path in paths[:count]]
        kind = "real micrographs (MetalDAM)"
    else:
        images = [_synthesise(seed) for seed in range(count)]
        kind = "synthetic micrographs (segment.samples)"
    images = [cut_centre(image, crop) for image in images]
    height, width = images[0].shape
    return images, f"{count} {kind}, {width} x {height} pixels"


def load_matrix(count: int, crop: int | None) -> tuple[NDArray[np.float32], str]:
    """Stack the six per-pixel features of micrographs into one matrix; ten different ones at most, then repeated.

    Parameters
    ----------
    count, crop
        As for `load_images`.

    Returns
    -------
    X : ndarray of float32, shape (pixels of all images, 6), Fortran order
        Feature-major, as `segment` hands it to the engine.
    description : str
    """
    images, description = load_images(min(count, DIFFERENT), crop)
    features = [extract(image, "pixel").X.T for image in images]
    pixels = images[0].size
    planes = np.empty((features[0].shape[0], count * pixels), dtype=np.float32)
    for number in range(count):
        planes[:, number * pixels : (number + 1) * pixels] = features[number % len(features)]
    repeated = f", repeated to {count}" if count > len(images) else ""
    return planes.T, f"features 'pixel' of {description}{repeated}"


def _read(path: Path) -> NDArray[np.float32]:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ValueError(f"{path.name} is not a readable image")
    return image.astype(np.float32) / np.float32(255)


def _synthesise(seed: int) -> NDArray[np.float32]:
    material = sorted(MATERIALS)[seed % len(MATERIALS)]
    sample = make_micrograph(material, shape=SHAPE, seed=seed, band=False)
    return sample.image.astype(np.float32) / np.float32(255)


def cut_centre(image: NDArray, side: int | None) -> NDArray:
    """Return the square of so many pixels at the centre of an image; all of it where `side` is None."""
    if side is None:
        return image
    top, left = (max(0, (length - side) // 2) for length in image.shape)
    return np.ascontiguousarray(image[top : top + side, left : left + side])
