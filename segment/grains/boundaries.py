"""Grain boundaries of a micrograph, without labels: drawn or etched lines, or steps of the grey level."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import apply_hysteresis_threshold

from segment.grains.lines import cut_halfway, line_depth, separability
from segment.grains.steps import step_energy, thin_ridges

WIDEST_PX = 12
# A step is one where its energy exceeds so many medians of the image; a chain of steps goes on down to half of that.
# Chosen on half of the labelled tiles of the benchmark, so that the mean intercept is that of the labels.
STEP, CHAIN = 1.8, 0.5
SHORTEST_CHAIN = 10
KINDS = ("auto", "lines", "steps")


@dataclass(frozen=True)
class FoundBoundaries:
    """Boundaries of one micrograph, and how they were found.

    Attributes
    ----------
    boundaries : ndarray of bool, shape (h, w)
        Lines as wide as they are in the image; steps one pixel wide.
    kind : {"lines", "steps"}
    polarity : {"dark", "bright", "none"}
        Of lines.
    separability : float
        How clearly lines, or steps, and grains are two classes, 0 to 1: fraction of the variance between them.
    threshold : float
        For lines the depth in grey levels, for steps the energy in medians of the image.
    """

    boundaries: NDArray[np.bool_]
    kind: str
    polarity: str
    separability: float
    threshold: float


def find_boundaries(image: NDArray[np.generic], *, kind: str = "auto", widest_px: int = WIDEST_PX) -> FoundBoundaries:
    """Find the grain boundaries of a micrograph without labels.

    Parameters
    ----------
    image : ndarray, shape (h, w)
        Grey levels.
    kind : {"auto", "lines", "steps"}, default "auto"
        Lines between the grains, as etching or drawing makes them, or grains of different grey without lines between.
        "auto" takes the one that parts the image's pixels more clearly into two classes.
    widest_px : int, default 12
        Lines wider than this are taken for grains.

    Returns
    -------
    FoundBoundaries
        Without a boundary where the image has one level only.

    Raises
    ------
    ValueError
        If the array is no grey image, holds a number that is not finite, or an option is unknown.

    Notes
    -----
    Lines are cut half-way between their own level and that of the grains around. Steps are ridges of the response of
    derivative filters that are longer than wide, over three scales and eight directions, joined by hysteresis.

    Examples
    --------
    >>> image = np.full((60, 60), 200, np.uint8)
    >>> image[:, 30:33] = 60
    >>> found = find_boundaries(image)
    >>> found.kind, found.polarity, int(found.boundaries.sum())
    ('lines', 'dark', 180)
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(map(repr, KINDS))}, got {kind!r}")
    if widest_px < 1:
        raise ValueError(f"widest_px must be at least 1, got {widest_px}")
    grey = np.asarray(image, dtype=np.float32)
    if grey.ndim != 2 or not grey.size:
        raise ValueError(f"image must have shape (h, w), got {grey.shape}")
    if not np.isfinite(grey).all():
        raise ValueError("image must be finite, got a level that is not")
    spread = float(np.ptp(grey))
    if not spread > 0:
        return FoundBoundaries(
            np.zeros(grey.shape, dtype=bool), "steps" if kind == "steps" else "lines", "none", 0.0, 0.0
        )
    depths = {name: line_depth(sign * grey, widest_px) for name, sign in (("dark", 1), ("bright", -1))}
    clear = {name: separability(depth) for name, depth in depths.items()}
    edges = separability(ndimage.gaussian_gradient_magnitude(grey, 1.5))
    able = [name for name in clear if kind == "lines" or (kind == "auto" and clear[name] >= edges)]
    if able:
        cuts = {name: cut_halfway(depths[name]) for name in able}
        # Small grains between lines of the other polarity stand out as clearly as the lines, but do not hang together.
        polarity = max(able, key=lambda name: _connected_share(cuts[name][0]))
        boundaries, threshold = cuts[polarity]
        boundaries = _without_dots(boundaries, widest_px)
        return FoundBoundaries(boundaries, "lines", polarity, clear[polarity], threshold)
    energy, across = step_energy(to_unit(image, grey))
    ridges = thin_ridges(energy, across)
    chains = apply_hysteresis_threshold(ridges, CHAIN * STEP, STEP)
    return FoundBoundaries(keep_chains(chains), "steps", "none", edges, STEP)


def keep_chains(lines: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Drop lines of fewer than ten pixels."""
    return _without(lines, cv2.CC_STAT_AREA, SHORTEST_CHAIN)


def to_unit(image: NDArray[np.generic], grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return grey levels in [0, 1]: by the range of whole numbers, as they are in it, else by their own range."""
    levels = np.asarray(image)
    if levels.dtype.kind in "ui":
        return grey / np.float32(np.iinfo(levels.dtype.name).max)
    low, high = float(grey.min()), float(grey.max())
    return grey if low >= 0 and high <= 1 else (grey - np.float32(low)) / np.float32(high - low)


def _connected_share(mask: NDArray[np.bool_]) -> float:
    """Return the fraction of a mask's pixels in its largest connected part; 0 for an empty mask."""
    stats = cv2.connectedComponentsWithStats(np.asarray(mask, dtype=np.uint8), connectivity=8)[2]
    areas = stats[1:, cv2.CC_STAT_AREA]
    return float(areas.max() / areas.sum()) if len(areas) else 0.0


def _without_dots(lines: NDArray[np.bool_], widest_px: int) -> NDArray[np.bool_]:
    """Drop what is no longer either way than a line may be wide: a pore or an inclusion, and no line."""
    kept = _without(lines, cv2.CC_STAT_WIDTH, widest_px + 1)
    return kept | _without(lines, cv2.CC_STAT_HEIGHT, widest_px + 1)


def _without(mask: NDArray[np.bool_], measure: int, least: int) -> NDArray[np.bool_]:
    """Keep the connected parts of a mask whose size by an OpenCV statistic is at least `least`."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(mask, dtype=np.uint8), connectivity=8)
    is_kept = stats[:, measure] >= least
    is_kept[0] = False
    return np.asarray(is_kept[np.asarray(labels, dtype=np.int64)], dtype=bool)
