"""Inclusions and voids: what is darker, or brighter, than the matrix by half of the full contrast."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.stats import norm

from segment.features.valid import taken
from segment.objects.find import fill_holes
from segment.records import valid_of

# Standard deviations of the smoothing that are tried, in pixels; the first that the noise allows is taken.
SMOOTHINGS = (0.0, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
# Per cent of the pixels that the level of the darkest inclusions is taken from.
DARKEST = 0.5
AROUND = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True)
class FoundInclusions:
    """Inclusions of one image, and how they were found.

    Attributes
    ----------
    labels : ndarray of int32, shape (h, w)
        Ids of the inclusions from 1; 0 on the matrix.
    polarity : {"dark", "bright"}
    matrix_level, inclusion_level : float
        Grey level of the matrix, and that of the darkest or brightest inclusions, after smoothing.
    threshold : float
        Half-way between them.
    smoothing_px : float
        Standard deviation of the smoothing, in pixels.
    is_clear : bool
        Whether the noise of the matrix alone would put less than one pixel of the image beyond the threshold. Where it
        is False, look at the overlay before the numbers are used.
    valid : ndarray of bool, shape (h, w), or None
        Pixels that count; None: all. No inclusion has one of the others.
    """

    labels: NDArray[np.int32]
    polarity: str
    matrix_level: float
    inclusion_level: float
    threshold: float
    smoothing_px: float
    is_clear: bool
    valid: NDArray[np.bool_] | None = None

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True on inclusions, shape (h, w)."""
        return self.labels > 0

    @property
    def area_fraction(self) -> float:
        """Fraction of the pixels that count in which an inclusion lies."""
        return float(taken(self.mask, self.valid).mean())

    @property
    def n_inclusions(self) -> int:
        """Number of inclusions."""
        return int(self.labels.max(initial=0))

    def without_specks(self, smallest_px: int) -> FoundInclusions:
        """Leave out the inclusions of fewer than `smallest_px` pixels, and number the others anew.

        Parameters
        ----------
        smallest_px : int

        Returns
        -------
        FoundInclusions
        """
        return replace(self, labels=_numbered(self.labels, np.bincount(self.labels.ravel()), smallest_px))


def find_inclusions(image: NDArray[np.generic], *, polarity: str = "dark") -> FoundInclusions:
    """Find inclusions or voids in a matrix that fills more than half of the image.

    Parameters
    ----------
    image : ndarray, shape (h, w)
        Grey levels. Of a `segment.records.GreyImage` the excluded pixels count in nothing.
    polarity : {"dark", "bright", "auto"}, default "dark"
        "auto" takes the side on which the levels lie farther from the matrix.

    Returns
    -------
    FoundInclusions
        With no inclusion where the image has one level only.

    Raises
    ------
    ValueError
        If the array is no grey image, holds a number that is not finite, or the polarity is unknown.

    Notes
    -----
    The threshold lies half-way between the median of the image, which is the matrix, and the level that only 0.5 % of
    the pixels lie beyond: there the edge of an inclusion has its place, however it is blurred. Where the noise of the
    matrix, from the pixels on its other side, would cross it, the image is smoothed, no more than it takes and by at
    most 4 pixels. Specks, and holes in inclusions, smaller than the smoothing can resolve are dropped and filled.

    Examples
    --------
    >>> image = np.full((40, 40), 200, np.uint8)
    >>> image[10:20, 10:20] = 50
    >>> found = find_inclusions(image)
    >>> found.n_inclusions, int(found.mask.sum()), found.threshold
    (1, 100, 125.0)
    """
    if polarity not in ("dark", "bright", "auto"):
        raise ValueError(f"polarity must be 'dark', 'bright' or 'auto', got {polarity!r}")
    grey, valid = np.asarray(image, dtype=np.float32), valid_of(image)
    if grey.ndim != 2 or not grey.size:
        raise ValueError(f"image must have shape (h, w), got {grey.shape}")
    if not np.isfinite(grey).all():
        raise ValueError("image must be finite, got a level that is not")
    if polarity == "auto":
        # Smoothed: the tails of the noise are the same on both sides.
        low, middle, high = np.percentile(
            taken(np.asarray(cv2.GaussianBlur(grey, (0, 0), 2.0), np.float32), valid), [DARKEST, 50, 100 - DARKEST]
        )
        polarity = "dark" if middle - low >= high - middle else "bright"
    sign = np.float32(1 if polarity == "dark" else -1)
    smooth, matrix, level, sigma, is_clear = _smooth(sign * grey, valid)
    mask = (smooth <= (matrix + level) / 2) if level < matrix else np.zeros(grey.shape, dtype=bool)
    mask = mask if valid is None else mask & valid
    smallest = 2 * np.pi * sigma**2
    holes, sizes = _sizes(fill_holes(mask, valid) & ~mask)
    mask |= (sizes <= smallest)[holes] & (holes > 0)
    labels, sizes = _sizes(mask)
    return FoundInclusions(
        labels=_numbered(labels, sizes, max(1.0, smallest)),
        polarity=polarity,
        matrix_level=float(sign * matrix),
        inclusion_level=float(sign * level),
        threshold=float(sign * (matrix + level) / 2),
        smoothing_px=sigma,
        is_clear=is_clear,
        valid=valid,
    )


def _smooth(
    grey: NDArray[np.float32], valid: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float32], float, float, float, bool]:
    """Smooth as little as the noise allows; the levels of the matrix and of the darkest inclusions there."""
    reach = norm.isf(1 / max(2, taken(grey, valid).size))
    smooth, matrix, level, sigma, is_clear = grey, 0.0, 0.0, 0.0, False
    for sigma in SMOOTHINGS:
        smooth = np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), dtype=np.float32) if sigma else grey
        seen = taken(smooth, valid)
        matrix = float(np.median(seen))
        level = float(np.percentile(seen, DARKEST))
        noise = 1.4826 * float(np.median(seen[seen >= matrix] - matrix))
        is_clear = bool((matrix - level) / 2 >= reach * noise)
        if is_clear:
            break
    return smooth, matrix, level, sigma, is_clear


def _sizes(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    labels, n_labels = ndimage.label(mask, structure=AROUND)
    return labels, np.bincount(labels.ravel(), minlength=n_labels + 1)


def _numbered(labels: NDArray[np.int32], sizes: NDArray[np.int64], smallest: float) -> NDArray[np.int32]:
    """Return the labels of the parts that have at least `smallest` pixels, from 1; 0 elsewhere."""
    is_kept = sizes >= smallest
    is_kept[0] = False
    return np.where(is_kept, np.cumsum(is_kept), 0).astype(np.int32)[labels]
