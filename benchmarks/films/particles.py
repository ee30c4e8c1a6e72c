"""What is measured on single images of particles with instances parted by hand, and on masks of the real film."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.measure import label

from benchmarks.targets import Figure
from segment.evaluate import ObjectScores, score_objects
from segment.io import read_micrograph
from segment.model.image import look_at
from segment.objects import find_objects
from segment.series import FrameSegmenter, open_series

# Rows of information band below the images of the BAM set.
BAND = 64


def mask_lines(folder: Path) -> list[Figure]:
    """Learn from four frames of the film, and compare the objects of the frames that have masks."""
    series = open_series(folder / "frames")
    taught = np.unique(np.linspace(0, len(series) - 1, 4).round().astype(int)).tolist()
    segmenter = FrameSegmenter.fit([series.read(index) for index in taught])
    ours, plain = [], []
    for index, name in enumerate(series.names):
        if not (folder / "masks" / name).is_file():
            continue
        mask = cv2.imread(str(folder / "masks" / name), cv2.IMREAD_UNCHANGED)
        if mask is None:
            raise ValueError(f"{folder.name}/masks/{name}: no readable image")
        truth = np.asarray(label((mask if mask.ndim == 2 else mask[..., 0]) > 0, connectivity=1))
        ours.append(score_objects(segmenter.segment(series.read(index)), truth))
        plain.append(score_objects(_otsu(series.read(index), is_bright=False), truth))
    count, f1, dice, area = _means(ours)
    other = _means(plain)
    return [
        Figure("A4", f"count error, {len(ours)} masks, %", count, most=1.0, baseline=f"Otsu {other[0]:.2f}"),
        Figure("A4", "object F1", f1, least=0.975, baseline=f"Otsu {other[1]:.3f}"),
        Figure("A4", "Dice", dice, least=0.92, baseline=f"Otsu {other[2]:.3f}"),
        Figure("A4", "mean-area error, %", area, most=7.0, baseline=f"Otsu {other[3]:.1f}"),
    ]


def touching_lines(name: str, items: Iterator[tuple[NDArray[Any], NDArray[Any], bool]]) -> list[Figure]:
    """Part the particles of a set, beside Otsu's threshold, and compare with the hand-made instances."""
    ours, plain = [], []
    for image, truth, is_bright in items:
        found = find_objects(image, polarity="bright" if is_bright else "dark")
        ours.append(score_objects(found, truth))
        plain.append(score_objects(_otsu(image, is_bright), truth))
    if name == "BAM":
        error = 100 * abs(sum(item.n_found for item in ours) / sum(item.n_true for item in ours) - 1)
        figures = [Figure("A5", "count error of BAM, all particles, %", error, most=30, baseline="46")]
        least, others = 0.50, ".40 distance watershed"
    else:
        median = 100 * float(np.median([abs(item.count_error) for item in ours]))
        figures = [Figure("A5", "median count error of EMPS, %", median, most=12, baseline="14")]
        least, others = 0.66, ".62 distance watershed"
    what = f"object F1 of {name}, {len(ours)} images"
    others = f"Otsu {_pooled(plain):.3f}, {others}"
    return [Figure("A5", what, _pooled(ours), least=least, baseline=others), *figures]


def bam_images(folder: Path) -> Iterator[tuple[NDArray[Any], NDArray[Any], bool]]:
    """Go through images, instances and polarity of the BAM set."""
    for path in sorted((folder / "images").glob("*.tif")):
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        mask = cv2.imread(str(folder / "masks" / f"{path.stem}_m.tif"), cv2.IMREAD_GRAYSCALE)
        if image is not None and mask is not None:
            rows = image.shape[0] - BAND
            yield image[:rows] / np.float32(255), np.asarray(label(mask[:rows] > 0, connectivity=1)), True


def emps_images(folder: Path) -> Iterator[tuple[NDArray[Any], NDArray[Any], bool]]:
    """Go through images, instances and polarity of the EMPS set; the polarity is that of the truth.

    Images are read as `segment objects` reads them: without information bands, burnt-in scale bars and letters.
    """
    for path in sorted((folder / "images").glob("*.png")):
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        truth = cv2.imread(str(folder / "instances" / path.name), cv2.IMREAD_UNCHANGED)
        if image is not None and truth is not None:
            is_bright = float(image[truth > 0].mean()) > float(image[truth == 0].mean())
            micrograph = read_micrograph(path)
            yield look_at(micrograph), truth[: len(micrograph.image)].astype(np.int64), is_bright


def _otsu(image: NDArray[Any], is_bright: bool) -> NDArray[Any]:
    smooth = ndimage.gaussian_filter(image if is_bright else -image, 1.0)
    return np.asarray(label(smooth > threshold_otsu(smooth), connectivity=1))


def _means(scores: list[ObjectScores]) -> tuple[float, float, float, float]:
    """Return mean count error in percent, F1, Dice, and error of the mean area in percent."""
    return (
        100 * float(np.mean([abs(item.count_error) for item in scores])),
        float(np.mean([item.f1 for item in scores])),
        float(np.mean([item.dice for item in scores])),
        100 * abs(float(np.mean([item.mean_area_error for item in scores]))),
    )


def _pooled(scores: list[ObjectScores]) -> float:
    total = sum(item.n_found + item.n_true for item in scores)
    return 2 * sum(item.n_matched for item in scores) / total if total else float("nan")
