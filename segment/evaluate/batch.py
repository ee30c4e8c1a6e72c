"""How well the phases of several micrographs agree with the truth, when a phase is one class in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segment.evaluate.agreement import IGNORED, count_overlap, match

# A phase with a smaller fraction of the annotated pixels is none.
EMPTY = 0.003


@dataclass(frozen=True)
class BatchScores:
    """Figures of merit of the label maps of one batch; only annotated pixels count.

    Attributes
    ----------
    n_images : int
    classes : tuple of int
        For each phase the class it was matched to, in all images; -1 for a phase left over.
    iou : tuple of float
        Intersection over union of each class, over the pixels of all images; NaN for a class absent from both.
    mean_iou : float
        Mean of `iou` over the classes present: with one assignment of phases to classes for the whole batch.
    accuracy : float
        Fraction of the pixels whose phase is matched to their class, with that assignment.
    mean_iou_each : float
        Mean over the images of the mean IoU of each, with an assignment of its own: what the batch costs is the rest.
    fraction_error : float
        Mean over images and classes present of the absolute difference between found and true area fraction of an
        image, in [0, 1], with the assignment of the batch.
    empty : tuple of int
        Phases with less than 0.3 % of the pixels of the batch.
    """

    n_images: int
    classes: tuple[int, ...]
    iou: tuple[float, ...]
    mean_iou: float
    accuracy: float
    mean_iou_each: float
    fraction_error: float
    empty: tuple[int, ...]


def evaluate_batch(
    labels: Sequence[NDArray[np.uint8]],
    truths: Sequence[NDArray[np.uint8]],
    *,
    n_phases: int | None = None,
    n_classes: int | None = None,
) -> BatchScores:
    """Compare the label maps of a batch with the truth, after one matching of phases to classes for all images.

    Parameters
    ----------
    labels : sequence of ndarray of uint8, shape (h, w)
        Phase ids, which mean the same in every image; images may differ in size.
    truths : sequence of ndarray of uint8, shape (h, w)
        Class ids of each image; 255 where nothing is annotated.
    n_phases : int, optional
        Number of phases that were asked for; by default the largest id plus one.
    n_classes : int, optional
        Number of classes; by default the largest annotated id plus one.

    Returns
    -------
    BatchScores

    Raises
    ------
    ValueError
        If there is not one truth for every map, shapes differ, nothing is annotated, or an id is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> truth = np.repeat(np.array([[0, 1]], np.uint8), 4, axis=0)
    >>> found = evaluate_batch([truth, 1 - truth], [truth, truth])
    >>> round(found.mean_iou, 2), found.mean_iou_each
    (0.33, 1.0)
    """
    if len(labels) != len(truths):
        raise ValueError(f"every map needs a truth, got {len(labels)} maps and {len(truths)} truths")
    if not any((truth != IGNORED).any() for truth in truths):
        raise ValueError(f"truths have no annotated pixel: all are {IGNORED}")
    if n_phases is None:
        n_phases = max(int(one.max()) for one in labels) + 1
    if n_classes is None:
        n_classes = max(int(truth[truth != IGNORED].max(initial=0)) for truth in truths) + 1
    every = [count_overlap(one, truth, n_phases, n_classes) for one, truth in zip(labels, truths, strict=True)]
    every = [overlap for overlap in every if overlap.any()]
    overlap = np.sum(every, axis=0)
    agreement = match(overlap)
    is_present = ~np.isnan(agreement.iou)
    errors = [_fraction_errors(one, agreement.classes)[is_present].mean() for one in every]
    return BatchScores(
        n_images=len(labels),
        classes=agreement.classes,
        iou=agreement.iou,
        mean_iou=agreement.mean_iou,
        accuracy=agreement.accuracy,
        mean_iou_each=float(np.mean([match(one).mean_iou for one in every])),
        fraction_error=float(np.mean(errors)),
        empty=tuple(int(phase) for phase in np.flatnonzero(overlap.sum(axis=1) < EMPTY * overlap.sum())),
    )


def _fraction_errors(overlap: NDArray[np.int64], classes: Sequence[int]) -> NDArray[np.float64]:
    """Return how far the found area fraction of each class is from the true one, shape (n_classes,)."""
    found = np.zeros(overlap.shape[1])
    for phase, class_id in enumerate(classes):
        if class_id >= 0:
            found[class_id] = overlap[phase].sum()
    return np.abs(found - overlap.sum(axis=0)) / overlap.sum()
