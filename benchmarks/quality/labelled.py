"""Labelled micrographs to measure on: published ones where they are present, synthetic ones elsewhere."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.micrographs import cut_centre
from segment.samples import MATERIALS, make_micrograph

UNANNOTATED = 255
SETS = (
    "metaldam",
    "uhcs",
    "superalloy",
    "ebc",
    "precipitates",
    "textures",
    "nanoparticles",
    "nanoparticle-series",
    "grain-boundaries",
)
# Smaller images are not halved: their structure would vanish.
SMALLEST_HALVED = 400


@dataclass(frozen=True)
class Labelled:
    """One micrograph and the classes of its pixels.

    Attributes
    ----------
    name : str
    image : ndarray of float32, shape (h, w)
        Grey levels in [0, 1].
    truth : ndarray of uint8, shape (h, w)
        Classes of this image, numbered 0 ... n_classes - 1 in the order of their ids; 255 where not annotated.
    classes : tuple of int
        Class id that each number of `truth` has in the whole set; at least 2.
    """

    name: str
    image: NDArray[np.float32]
    truth: NDArray[np.uint8]
    classes: tuple[int, ...]

    @property
    def n_classes(self) -> int:
        """Number of classes in this image."""
        return len(self.classes)

    @property
    def ids(self) -> NDArray[np.uint8]:
        """Class ids of the set, uint8, shape (h, w); 255 where not annotated."""
        table = np.full(256, UNANNOTATED, dtype=np.uint8)
        table[: len(self.classes)] = self.classes
        return table[self.truth]


def load_sets(
    count: int, crop: int | None = None, most_sets: int | None = None
) -> tuple[dict[str, list[Labelled]], str]:
    """Load `count` micrographs of every set, spread evenly over it.

    Parameters
    ----------
    count : int
        Per set, at most; images with a single class are left out.
    crop : int or None, default: None
        Side in pixels of the square cut from the centre of each; None: whole micrographs.
    most_sets : int or None, default: None
        Only the first so many sets; None: all.

    Returns
    -------
    sets : dict of str to list of Labelled
    description : str
        What they are, in words.

    Notes
    -----
    Images of at least 400 pixels a side are reduced to half their size. Sets of which no image is left are left out.
    """
    root = Path(os.environ.get("NMFCORE_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
    if not all((root / name / "masks").is_dir() for name in SETS):
        shape = (128, 160)
        samples = {
            material: [make_micrograph(material, shape=shape, seed=seed, band=False) for seed in range(count)]
            for material in sorted(MATERIALS)[:most_sets]
        }
        made = {
            name: [
                _label(f"{name}_{seed}", one.image.astype(np.float32) / np.float32(255), one.truth)
                for seed, one in enumerate(several)
            ]
            for name, several in samples.items()
        }
        return made, f"{count} synthetic micrographs (segment.samples) of each material, {shape[1]} x {shape[0]} pixels"
    found = {
        name: [item for item in _read_set(root / name, count, crop) if item.n_classes > 1] for name in SETS[:most_sets]
    }
    found = {name: items for name, items in found.items() if items}
    numbers = ", ".join(f"{name} {len(items)}" for name, items in found.items())
    part = "" if crop is None else f", {crop} pixels of their centre"
    return found, f"published micrographs, half size{part}: {numbers}"


def _read_set(folder: Path, count: int, crop: int | None) -> list[Labelled]:
    masks = sorted((folder / "masks").glob("*.png"))
    chosen = sorted({round(index) for index in np.linspace(0, len(masks) - 1, min(count, len(masks)))})
    images = folder / ("images" if (folder / "images").is_dir() else "frames")
    items = []
    for mask in (masks[index] for index in chosen):
        image, truth = _read(images / mask.name), _read(mask)
        if min(image.shape) >= SMALLEST_HALVED:
            size = (image.shape[1] // 2, image.shape[0] // 2)
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            truth = cv2.resize(truth, size, interpolation=cv2.INTER_NEAREST)
        image, truth = cut_centre(image, crop), cut_centre(truth, crop)
        items.append(_label(mask.stem, image.astype(np.float32) / np.float32(255), np.asarray(truth, np.uint8)))
    return items


def _label(name: str, image: NDArray[np.float32], truth: NDArray[np.uint8]) -> Labelled:
    ids = [int(value) for value in np.unique(truth) if value != UNANNOTATED]
    table = np.full(256, UNANNOTATED, dtype=np.uint8)
    table[ids] = range(len(ids))
    return Labelled(name, image, table[truth], tuple(ids))


def _read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ValueError(f"{path.name} is not a readable image")
    return np.asarray(image, dtype=np.uint8)
