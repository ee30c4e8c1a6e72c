"""Why phases are told by their texture: what is known of a map by grey levels and of one by texture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.flatten import find_levels
from segment.features.valid import taken
from segment.records import valid_of

# Grey levels have no peaks where they are spread as evenly as this. A map has order where a wider window leaves so much
# of it, and none below that. Phases are clear below this doubt, and have one brightness below this contrast.
EVEN, NO_ORDER, ORDER, CLEAR, SAME_BRIGHTNESS = 1.0, 0.25, 0.4, 0.1, 0.3


@dataclass(frozen=True)
class Textured:
    """What decides between phases by grey level and phases by texture, over the training images.

    Attributes
    ----------
    spread : float
        What the best grey level of each phase leaves of the variance of grey levels, as a multiple of what it would be
        were all grey levels equally frequent; see `spread`.
    order_before : float
        Of the variance of the labels by grey level, the share that a window of twice the features' width leaves, see
        `order`.
    order : float
        The same of the labels by texture, whose window is itself twice as wide.
    doubt : float
        Mean entropy of a pixel's phase, as normal distributions over the texture tell the phases, as a part of the
        entropy of the fractions.
    contrast : float
        Share of the variance of the grey level, seen through the textures' window, that lies between their phases.
    """

    spread: float
    order_before: float
    order: float
    doubt: float
    contrast: float

    @property
    def holds(self) -> bool:
        """Whether grey levels have no peaks and order nothing, and textures of one brightness are clear and ordered."""
        return (
            self.spread >= EVEN
            and self.order_before < NO_ORDER
            and self.order >= ORDER
            and self.doubt < CLEAR
            and self.contrast < SAME_BRIGHTNESS
        )

    @property
    def reason(self) -> str:
        """One sentence for people."""
        return (
            "phases were distinguished by their texture, not by their grey level: of a map by grey levels a wide "
            f"window leaves {100 * self.order_before:.0f} %, of one by texture {100 * self.order:.0f} %, and the "
            f"textures differ clearly (uncertainty {self.doubt:.2f}) at one brightness (contrast {self.contrast:.2f})"
        )

    def to_json(self) -> dict[str, float]:
        """Return the figures as JSON values."""
        return asdict(self)


def from_json(record: dict[str, Any]) -> Textured:
    """Return what `Textured.to_json` described; ValueError, KeyError or TypeError if it is not that."""
    found = Textured(**{name: float(value) for name, value in record.items()})
    if not all(map(isfinite, record.values())):
        raise ValueError("the figures of textures are not finite")
    return found


def spread(greys: Sequence[NDArray[np.float32]], n_levels: int) -> float:
    """Return how evenly grey levels are spread: 1 where all are equally frequent, less where they have peaks.

    ``n^2`` times the share of the variance of grey levels that the nearest of n levels leaves, the levels those of
    `segment.features.flatten.find_levels`: Otsu's criterion. Of a uniform distribution, n levels leave ``1 / n^2``.

    Parameters
    ----------
    greys : sequence of ndarray of float32, shape (h, w)
        Of a `segment.records.GreyImage` the excluded pixels count in nothing.
    n_levels : int

    Returns
    -------
    float
        0 where there are no more than `n_levels` grey levels.

    References
    ----------
    N. Otsu, "A threshold selection method from gray-level histograms", doi 10.1109/TSMC.1979.4310076, eq. 16.

    Examples
    --------
    >>> ramp = np.linspace(0, 1, 1024, dtype=np.float32).reshape(32, 32)
    >>> round(spread([ramp], 2), 2), round(spread([np.round(ramp)], 2), 2)
    (1.0, 0.0)
    """
    left = total = 0.0
    for image in greys:
        grey = taken(np.asarray(image), valid_of(image))
        levels = find_levels(grey, n_levels)
        nearest = levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, grey)]
        left += float(np.sum((grey - nearest) ** 2))
        total += float(grey.var(dtype=np.float64)) * grey.size
    return n_levels**2 * left / total if total > 0 else 0.0


def order(
    maps: Sequence[NDArray[np.uint8]],
    windows: Sequence[float],
    valid: Sequence[NDArray[np.bool_] | None] | None = None,
) -> float:
    """Return the share of the variance of labels that windows leave: 0 for specks, near 1 for large regions.

    ``sum_k var(G * 1_k) / sum_k var(1_k)``, with ``1_k`` one where the label is k, and G a Gaussian; variances are
    within images, weighed by their pixels. `segment.features.scale.coarseness` is the same of grey levels.

    Parameters
    ----------
    maps : sequence of ndarray of uint8, shape (h, w)
    windows : sequence of float
        Standard deviation of the window in pixels of each map.
    valid : sequence of ndarray of bool, shape (h, w), or None, optional
        Pixels of each map that count; None: all.

    Returns
    -------
    float
        From 0 to about 1; 1 where there is one label alone.

    Examples
    --------
    >>> specks = np.indices((64, 64)).sum(axis=0).astype(np.uint8) % 2
    >>> halves = np.repeat(np.uint8([[0, 1]]), 32, axis=1).repeat(64, axis=0)
    >>> order([specks], [4.0]) < 0.01, order([halves], [4.0]) > 0.8
    (True, True)
    """
    left = total = 0.0
    for labels, window, counted in zip(maps, windows, valid or [None] * len(maps), strict=True):
        for label in np.unique(labels):
            one = (labels == label).astype(np.float32)
            whole, blurred = taken(one, counted), taken(_blur(one, window), counted)
            total += float(whole.var(dtype=np.float64)) * whole.size
            left += float(blurred.var(dtype=np.float64)) * blurred.size
    return left / total if total > 0 else 1.0


def contrast(
    greys: Sequence[NDArray[np.float32]], maps: Sequence[NDArray[np.uint8]], windows: Sequence[float]
) -> float:
    """Return the share of the variance of grey levels, seen through windows, that lies between labels.

    Parameters
    ----------
    greys : sequence of ndarray of float32, shape (h, w)
        Of a `segment.records.GreyImage` the excluded pixels count in nothing.
    maps : sequence of ndarray of uint8, shape (h, w)
    windows : sequence of float
        Standard deviation of the window in pixels of each image.

    Returns
    -------
    float
        From 0 to 1; 1 where grey levels are constant.

    Examples
    --------
    >>> halves = np.repeat(np.uint8([[0, 1]]), 32, axis=1).repeat(64, axis=0)
    >>> bright = np.float32(halves)
    >>> contrast([bright], [halves], [4.0]) > 0.8, contrast([bright], [halves.T], [4.0]) < 0.01
    (True, True)
    """
    between = total = 0.0
    for grey, labels, window in zip(greys, maps, windows, strict=True):
        counted = slice(None) if (valid := valid_of(grey)) is None else valid.ravel()
        seen, at = _blur(np.asarray(grey), window).ravel()[counted].astype(np.float64), labels.ravel()[counted]
        seen -= seen.mean()
        counts, sums = np.bincount(at), np.bincount(at, weights=seen)
        between += float(np.sum(sums**2 / np.maximum(counts, 1)))
        total += float(np.sum(seen**2))
    return between / total if total > 0 else 1.0


def _blur(image: NDArray[np.float32], window: float) -> NDArray[np.float32]:
    # Of a reduced image: no window needs more than a few points a standard deviation.
    step = max(1.0, window / 4)
    size = (max(1, round(image.shape[1] / step)), max(1, round(image.shape[0] / step)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), window / step, borderType=cv2.BORDER_REFLECT)
    return np.asarray(cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
