"""How well the boundaries between phases are found."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.evaluate.agreement import IGNORED


def boundary_f1(labels: NDArray[np.uint8], truth: NDArray[np.uint8], *, tolerance: float = 2.0) -> float:
    """Score boundaries: harmonic mean of the fractions of found and of true boundary pixels that the other one is near.

    Parameters
    ----------
    labels, truth : ndarray of uint8, shape (h, w)
        Phase ids, and class ids with 255 where nothing is annotated. Ids need not match.
    tolerance : float, default 2.0
        Largest distance, in pixels, at which a boundary pixel counts as found.

    Returns
    -------
    float
        In [0, 1]; 1 where neither has a boundary, 0 where only one has.

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    A boundary pixel has another id than its right or its lower neighbour; pairs with an unannotated pixel are left
    out of both maps.

    References
    ----------
    G. Csurka, D. Larlus and F. Perronnin, "What is a good evaluation measure for semantic segmentation?",
    doi 10.5244/C.27.32, section 3 (there class by class; here over all classes at once).

    Examples
    --------
    >>> import numpy as np
    >>> truth = np.zeros((9, 9), np.uint8)
    >>> truth[:, 4:] = 1
    >>> boundary_f1(1 - truth, truth)
    1.0
    """
    if labels.shape != truth.shape:
        raise ValueError(f"labels and truth must have one shape, got {labels.shape} and {truth.shape}")
    is_known = truth != IGNORED
    found, true = _edges(labels, is_known), _edges(truth, is_known)
    if not found.any() or not true.any():
        return float(found.any() == true.any())
    precision = float((_distance(true)[found] <= tolerance).mean())
    recall = float((_distance(found)[true] <= tolerance).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _edges(ids: NDArray[np.uint8], is_known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    edges = np.zeros(ids.shape, dtype=bool)
    edges[:, :-1] |= (ids[:, :-1] != ids[:, 1:]) & is_known[:, :-1] & is_known[:, 1:]
    edges[:-1] |= (ids[:-1] != ids[1:]) & is_known[:-1] & is_known[1:]
    return edges


def _distance(edges: NDArray[np.bool_]) -> NDArray[np.float32]:
    distance = cv2.distanceTransform((~edges).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance, dtype=np.float32)
