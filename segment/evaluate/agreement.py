"""How well an unlabelled segmentation agrees with a known one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IGNORED = 255


@dataclass(frozen=True)
class Agreement:
    """Agreement of a label map with the truth, after the best one-to-one matching of phases to classes.

    Attributes
    ----------
    classes : tuple of int
        For each phase the class it was matched to; -1 where there are more phases than classes.
    iou : tuple of float
        Intersection over union of each class, 0 where no phase is left for it; NaN for a class absent from both.
    mean_iou : float
        Mean of `iou` over the classes present.
    accuracy : float
        Fraction of the annotated pixels whose phase is matched to their class.
    """

    classes: tuple[int, ...]
    iou: tuple[float, ...]
    mean_iou: float
    accuracy: float


def count_overlap(
    labels: NDArray[np.uint8], truth: NDArray[np.uint8], n_phases: int, n_classes: int
) -> NDArray[np.int64]:
    """Count the pixels of every pair of phase and class.

    Parameters
    ----------
    labels, truth : ndarray of uint8, shape (h, w)
        Phase ids, and class ids with 255 where nothing is annotated.
    n_phases, n_classes : int

    Returns
    -------
    ndarray of int64, shape (n_phases, n_classes)
        Counts of several images may be added before `match`.

    Raises
    ------
    ValueError
        If the shapes differ, or an id is out of range.
    """
    if labels.shape != truth.shape:
        raise ValueError(f"labels and truth must have one shape, got {labels.shape} and {truth.shape}")
    is_known = truth != IGNORED
    phases, classes = labels[is_known].astype(np.int64), truth[is_known].astype(np.int64)
    for name, ids, limit in (("labels", phases, n_phases), ("truth", classes, n_classes)):
        if ids.size and ids.max() >= limit:
            raise ValueError(f"{name} holds the id {ids.max()}, but there are only {limit}")
    counts = np.bincount(phases * n_classes + classes, minlength=n_phases * n_classes)
    return counts.reshape(n_phases, n_classes)


def match(overlap: NDArray[np.int64]) -> Agreement:
    """Match phases to classes so that the mean intersection over union is largest (Hungarian algorithm).

    Parameters
    ----------
    overlap : ndarray of int64, shape (n_phases, n_classes)
        Counts from `count_overlap`.

    Returns
    -------
    Agreement

    References
    ----------
    H. W. Kuhn, "The Hungarian method for the assignment problem", doi 10.1002/nav.3800020109.

    Examples
    --------
    >>> import numpy as np
    >>> match(np.array([[0, 8], [8, 0]])).mean_iou
    1.0
    """
    n_phases, n_classes = overlap.shape
    union = overlap.sum(axis=1)[:, None] + overlap.sum(axis=0)[None, :] - overlap
    iou = overlap / np.maximum(union, 1)
    # Slow to load, and part of every start if it stood at the top: the demonstration compares with the truth.
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(iou, maximize=True)
    classes = np.full(n_phases, -1)
    classes[rows] = columns
    per_class = np.zeros(n_classes)
    per_class[columns] = iou[rows, columns]
    used = np.zeros(n_classes, dtype=np.int64)
    used[columns] = overlap.sum(axis=1)[rows]
    is_present = (overlap.sum(axis=0) > 0) | (used > 0)
    per_class[~is_present] = np.nan
    total = int(overlap.sum())
    return Agreement(
        classes=tuple(int(value) for value in classes),
        iou=tuple(float(value) for value in per_class),
        mean_iou=float(per_class[is_present].mean()) if is_present.any() else float("nan"),
        accuracy=float(overlap[rows, columns].sum() / total) if total else float("nan"),
    )
