"""The demonstration: synthetic micrographs of several materials, segmented and compared with their known truth."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.evaluate import Agreement, count_overlap, match
from segment.io import OutputError, atomic_path, read_micrograph
from segment.model import Segmenter
from segment.pipeline.batch import run
from segment.pipeline.reading import OnProgress, silent
from segment.plots import SummaryRow, plot_summary
from segment.records import Micrograph

SUMMARY = "summary.png"


@dataclass(frozen=True)
class DemoRow:
    """One material of the demonstration.

    Attributes
    ----------
    material : str
    images : int
        Micrographs trained on and segmented.
    phases : tuple of str
        The true phases.
    true_fractions, fractions : tuple of float
        Area fraction of each true phase, and of the found phase matched to it, over all images.
    mean_iou, accuracy : float
        Over all images, after matching.
    seconds : float
        Reading, training, segmenting and writing.
    """

    material: str
    images: int
    phases: tuple[str, ...]
    true_fractions: tuple[float, ...]
    fractions: tuple[float, ...]
    mean_iou: float
    accuracy: float
    seconds: float


def run_demo(
    out: str | Path,
    *,
    make_segmenter: Callable[[int], Segmenter] = Segmenter,
    seed: int = 0,
    n_images: int = 4,
    shape: tuple[int, int] = (512, 640),
    on_progress: OnProgress = silent,
) -> tuple[DemoRow, ...]:
    """Write samples of every material, segment them, and compare.

    Parameters
    ----------
    out : str or Path
        Folder; gets ``samples/``, one folder of results a material, and ``summary.png``.
    make_segmenter : callable, default Segmenter
        Called with a material's number of phases.
    seed : int, default 0
        Seed of the samples.
    n_images : int, default 4
        Micrographs a material.
    shape : (int, int), default (512, 640)
        Height and width of each, in pixels, without its information band.
    on_progress : callable, optional
        Called with a `Progress` after every step.

    Returns
    -------
    tuple of DemoRow

    Raises
    ------
    segment.io.OutputError
        If the folder cannot be written to.
    """
    out = Path(out)
    # The samples bring what only they compute with, which no other command should load.
    from segment.samples import MATERIALS, write_samples

    written = write_samples(out / "samples", n_images, shape=shape, seed=seed)
    rows, pictures = [], []
    for name, material in MATERIALS.items():
        images = [path for path in written if path.parent.parent.name == name]
        k = len(material.phases)
        start = time.perf_counter()
        segmenter = make_segmenter(k)
        done = run(images, segmenter, out / name, on_progress=on_progress)
        seconds = time.perf_counter() - start
        masks = [_read_labels(path.parent.parent / "masks" / f"{path.stem}.png") for path in images]
        labels = [_read_labels(out / name / f"{image.name}_labels.png") for image in done.images]
        masks = [mask[: found.shape[0]] for mask, found in zip(masks, labels, strict=True)]
        counts = [count_overlap(found, mask, k, k) for found, mask in zip(labels, masks, strict=True)]
        overlap = np.sum(counts, axis=0)
        agreement = match(overlap)
        rows.append(_row(name, material.phases, overlap, agreement, len(images), seconds))
        pictures.append(_picture(read_micrograph(images[0]), labels[0], masks[0], agreement, rows[-1]))
    with atomic_path(out / SUMMARY) as temporary:
        plot_summary(pictures).savefig(temporary, dpi=110)
    return tuple(rows)


def _row(
    material: str,
    phases: tuple[str, ...],
    overlap: NDArray[np.int64],
    agreement: Agreement,
    images: int,
    seconds: float,
) -> DemoRow:
    found = np.zeros(len(phases))
    found[list(agreement.classes)] = overlap.sum(axis=1) / overlap.sum()
    return DemoRow(
        material=material,
        images=images,
        phases=phases,
        true_fractions=tuple(float(value) for value in overlap.sum(axis=0) / overlap.sum()),
        fractions=tuple(float(value) for value in found),
        mean_iou=agreement.mean_iou,
        accuracy=agreement.accuracy,
        seconds=seconds,
    )


def _picture(
    micrograph: Micrograph, labels: NDArray[np.uint8], truth: NDArray[np.uint8], agreement: Agreement, row: DemoRow
) -> SummaryRow:
    # Phases take the numbers, and so the colours, of the classes they were matched to.
    matched = np.array(agreement.classes, dtype=np.uint8)[labels]
    return SummaryRow(
        title=row.material,
        image=micrograph.image,
        labels=matched,
        names=row.phases,
        truth=truth,
        pixel_size_um=micrograph.calibration.pixel_size_um,
        note=f"mean IoU {row.mean_iou:.2f}",
    )


def _read_labels(path: Path) -> NDArray[np.uint8]:
    labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if labels is None:
        raise OutputError(f"{path}: was written but cannot be read back")
    return np.asarray(labels, dtype=np.uint8)
