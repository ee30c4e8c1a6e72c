"""Nodularity of graphite by E2567 and ISO 945-4."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segment.objects.find import edge_of, fill_holes
from segment.records import Nodularity

ROUND = 0.60
SMALLEST_UM = 10.0


def measure_roundness(mask: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Measure one particle: its area, its largest Feret diameter, and its roundness.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
        True on the particle.

    Returns
    -------
    area, feret_px, roundness : float
        ``roundness = 4 area / (pi feret^2)``, with the outline through the middles of the outermost pixels for both, so
        that a disc has 1 and a square 0.637 at any size.

    Raises
    ------
    ValueError
        If the mask has no pixel.

    Examples
    --------
    >>> round(measure_roundness(np.ones((60, 60), bool))[2], 3)
    0.637
    """
    found, _ = cv2.findContours(np.pad(mask, 1).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not found:
        raise ValueError("mask must have a pixel, got none")
    outline = max(found, key=cv2.contourArea)
    corners = cv2.convexHull(outline)[:, 0].astype(np.float64)
    feret = float(np.sqrt(((corners[:, None] - corners[None]) ** 2).sum(axis=2).max()))
    area = float(cv2.contourArea(outline))
    return area, feret, 4 * area / (np.pi * feret**2) if feret else 1.0


def rate_nodularity(
    graphite: NDArray[np.bool_],
    *,
    pixel_size_um: float,
    smallest_um: float = SMALLEST_UM,
    valid: NDArray[np.bool_] | None = None,
) -> Nodularity:
    """Rate the nodularity of one field: area of the particles with a roundness of at least 0.60 over that of all.

    Parameters
    ----------
    graphite : ndarray of bool, shape (h, w)
        True on graphite; holes count with their particle.
    pixel_size_um : float
        Edge of a pixel in micrometres.
    smallest_um : float, default 10.0
        Particles whose largest Feret diameter is less are left out.
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all. What reaches the others is cut, as at an edge.

    Returns
    -------
    Nodularity

    Raises
    ------
    ValueError
        If the mask is no image or a size is not positive.

    References
    ----------
    ASTM E2567, "Standard test method for determining nodularity and nodule count in ductile iron using image analysis";
    ISO 945-4. Particles that an edge cuts are left out; the percentage is weighted by area.

    Examples
    --------
    >>> rows, columns = np.ogrid[:60, :120]
    >>> disc = np.hypot(rows - 30, columns - 30) < 15
    >>> needle = (abs(rows - 30) < 3) & (abs(columns - 90) < 20)
    >>> found = rate_nodularity(disc | needle, pixel_size_um=1.0)
    >>> found.n_graphite, found.n_nodules, round(found.percent)
    (2, 1, 81)
    """
    mask = np.asarray(graphite, dtype=bool)
    if mask.ndim != 2 or not mask.size:
        raise ValueError(f"graphite must have shape (h, w), got {mask.shape}")
    for name, value in (("pixel_size_um", pixel_size_um), ("smallest_um", smallest_um)):
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be positive, got {value}")
    mask = mask if valid is None else mask & valid
    labels, n_labels = ndimage.label(fill_holes(mask, valid), structure=np.ones((3, 3)))
    is_cut = np.zeros(n_labels + 1, dtype=bool)
    is_cut[labels[edge_of(labels.shape, valid)]] = True
    areas, round_found, n_small, n_cut = [], [], 0, 0
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        area, feret, roundness = measure_roundness(labels[box] == number)
        if feret * pixel_size_um < smallest_um:
            n_small += 1
        elif is_cut[number]:
            n_cut += 1
        else:
            areas.append(area * pixel_size_um**2)
            round_found.append(roundness)
    area_um2, roundness_found = np.array(areas, dtype=np.float64), np.array(round_found, dtype=np.float64)
    is_nodule = roundness_found >= ROUND
    return Nodularity(
        percent=float(100 * area_um2[is_nodule].sum() / area_um2.sum()) if len(areas) else None,
        n_graphite=len(areas),
        n_nodules=int(is_nodule.sum()),
        roundness=roundness_found,
        areas_um2=area_um2,
        n_small=n_small,
        n_cut=n_cut,
    )
