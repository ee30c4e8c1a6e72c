"""Everything that is said about one label map beside a known one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segment.evaluate.agreement import IGNORED, count_overlap, match
from segment.evaluate.boundary import boundary_f1
from segment.evaluate.partition import adjusted_rand_index, variation_of_information


@dataclass(frozen=True)
class Scores:
    """Figures of merit of a label map against the truth; only annotated pixels count.

    Attributes
    ----------
    classes : tuple of int
        For each phase the class it was matched to; -1 for a phase left over.
    accuracy : float
        Fraction of pixels whose phase is matched to their class.
    majority_accuracy : float
        Fraction of the largest class: the accuracy of saying nothing.
    iou, dice : tuple of float
        Intersection over union, and Dice coefficient, of each class; NaN for a class absent from both maps.
    mean_iou, mean_dice : float
        Means over the classes present.
    adjusted_rand_index : float
        See `adjusted_rand_index`; needs no matching.
    variation_of_information : float
        In bits; see `variation_of_information`; needs no matching.
    boundary_f1 : float
        See `boundary_f1`; needs no matching.
    fraction_error : float
        Mean over the classes present of the absolute difference between found and true area fraction, in [0, 1].
    """

    classes: tuple[int, ...]
    accuracy: float
    majority_accuracy: float
    iou: tuple[float, ...]
    dice: tuple[float, ...]
    mean_iou: float
    mean_dice: float
    adjusted_rand_index: float
    variation_of_information: float
    boundary_f1: float
    fraction_error: float


def evaluate(
    labels: NDArray[np.uint8], truth: NDArray[np.uint8], *, n_classes: int | None = None, tolerance: float = 2.0
) -> Scores:
    """Compare a label map with the truth, after the best one-to-one matching of phases to classes.

    Parameters
    ----------
    labels : ndarray of uint8, shape (h, w)
        Phase ids.
    truth : ndarray of uint8, shape (h, w)
        Class ids; 255 where nothing is annotated.
    n_classes : int, optional
        Number of classes; by default the largest annotated id plus one.
    tolerance : float, default 2.0
        For `boundary_f1`, in pixels.

    Returns
    -------
    Scores

    Raises
    ------
    ValueError
        If the shapes differ, nothing is annotated, or an id is not below `n_classes`.

    Examples
    --------
    >>> import numpy as np
    >>> truth = np.repeat(np.array([[0, 1]], np.uint8), 4, axis=0)
    >>> evaluate(1 - truth, truth).mean_iou
    1.0
    """
    if labels.shape != truth.shape:
        raise ValueError(f"labels and truth must have one shape, got {labels.shape} and {truth.shape}")
    is_known = truth != IGNORED
    if not is_known.any():
        raise ValueError(f"truth has no annotated pixel: all are {IGNORED}")
    n_classes = int(truth[is_known].max()) + 1 if n_classes is None else n_classes
    n_phases = int(labels[is_known].max()) + 1
    overlap = count_overlap(labels, truth, n_phases, n_classes)
    agreement = match(overlap)
    iou = np.asarray(agreement.iou)
    dice = 2 * iou / (1 + iou)
    true = overlap.sum(axis=0) / overlap.sum()
    found = np.zeros(n_classes)
    for phase, class_id in enumerate(agreement.classes):
        if class_id >= 0:
            found[class_id] = overlap[phase].sum() / overlap.sum()
    return Scores(
        classes=agreement.classes,
        accuracy=agreement.accuracy,
        majority_accuracy=float(true.max()),
        iou=agreement.iou,
        dice=tuple(float(value) for value in dice),
        mean_iou=agreement.mean_iou,
        mean_dice=float(np.nanmean(dice)),
        adjusted_rand_index=adjusted_rand_index(overlap),
        variation_of_information=variation_of_information(overlap),
        boundary_f1=boundary_f1(labels, truth, tolerance=tolerance),
        fraction_error=float(np.abs(found - true)[~np.isnan(iou)].mean()),
    )
