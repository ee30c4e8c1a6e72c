"""Why two phases are grains and their boundaries: what is known of grains of many grey levels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.edges import gradient
from segment.features.flatten import find_levels
from segment.features.grey import stretch
from segment.features.scale import working_shape
from segment.features.valid import taken, valid_at
from segment.model.textured import spread
from segment.records import GreyImage, valid_of

# Grains are even where a median leaves this share of the variance, of many levels where as much remains beyond a few
# and edges lie at different levels, and bounded where edges are long, and so much steeper than what is between them.
EVEN, MANY, VARIED, LONG, STEEP = 0.9, 0.8, 0.3, 0.4, 2.5
# The median's half window and the span of a long piece, as parts of the shorter side; numbers of levels that are few.
HALF_WINDOW, SPAN = 1 / 40, 1 / 4
FEW = (2, 3, 4, 5)
# Both sides of an edge are within a square of so many pixels.
ACROSS = 9
# Of the gradient: what is above is as steep as that.
STEEPEST = 0.99


@dataclass(frozen=True)
class Grained:
    """What decides between two grey levels and grains with boundaries, a mean over the training images.

    Attributes
    ----------
    evenness : float
        Share of the variance of grey levels that a median filter of a twentieth of the shorter side leaves: near 1
        where grains are larger than that, and even.
    spread : float
        Of the grey levels behind the median, the least `segment.model.textured.spread` for two to five levels: near 1
        or above where grains are of many levels, well below where they are of few.
    variety : float
        Variance of the grey level half-way between the two sides of an edge, over that of all pixels: 0 where every
        edge is between the same two levels, up to 1/2 where neighbours have independent levels and all edges count.
    length : float
        Share of the edges in connected pieces that span a quarter of the shorter side or more.
    steepness : float
        Mean gradient of the edges over that of all else. Of Gaussian noise of any grain it is 2.3.
    """

    evenness: float
    spread: float
    variety: float
    length: float
    steepness: float

    @property
    def holds(self) -> bool:
        """Whether there are even grains of many grey levels, and long and steep edges between them."""
        has_many_levels = self.spread >= MANY and self.variety >= VARIED
        return self.evenness >= EVEN and has_many_levels and self.length >= LONG and self.steepness >= STEEP

    @property
    def reason(self) -> str:
        """One sentence for people."""
        return (
            "the two phases are grains and their boundaries, for the grains are even, have many grey levels instead of "
            f"two, and are bounded: a median filter leaves {100 * self.evenness:.0f} % of the variance, a few levels "
            f"leave {self.spread:.2f} times what they would of a uniform distribution, edges lie at different "
            f"levels (variety {self.variety:.2f}), {100 * self.length:.0f} % of them are in long pieces, and they are "
            f"{self.steepness:.1f} times as steep as the rest"
        )

    def to_json(self) -> dict[str, float]:
        """Return the figures as JSON values."""
        return asdict(self)


def from_json(record: dict[str, Any]) -> Grained:
    """Return what `Grained.to_json` described; ValueError, KeyError or TypeError if it is not that."""
    found = Grained(**{name: float(value) for name, value in record.items()})
    if not all(map(isfinite, record.values())):
        raise ValueError("the figures of grains are not finite")
    return found


def examine(grey: NDArray[np.float32]) -> Grained:
    """Return the figures of one image, at working size; all 0 where its grey level is constant.

    Edges are where the magnitude of the `segment.features.edges.gradient` is nearer to the upper of its own two levels.

    Parameters
    ----------
    grey : ndarray of float32, shape (h, w)
        Of a `segment.records.GreyImage` the excluded pixels count in nothing.

    Returns
    -------
    Grained

    References
    ----------
    N. Otsu, "A threshold selection method from gray-level histograms", doi 10.1109/TSMC.1979.4310076.

    Examples
    --------
    >>> levels = np.random.default_rng(0).normal(0.5, 0.15, (8, 8)).astype(np.float32)
    >>> many, two = np.kron(levels, np.ones((20, 20))), np.kron(levels > 0.5, np.ones((20, 20)))
    >>> examine(many.astype(np.float32)).holds, examine(two.astype(np.float32)).holds
    (True, False)
    """
    nothing = Grained(0.0, 0.0, 0.0, 0.0, 0.0)
    if grey.min() == grey.max():
        return nothing
    shape = working_shape(grey.shape)
    valid = valid_of(grey)
    counted = valid_at(valid, shape)
    blurred = cv2.GaussianBlur(stretch(np.asarray(grey), valid), (0, 0), 1.0, borderType=cv2.BORDER_REFLECT)
    calm = np.rint(255 * cv2.resize(blurred, shape[::-1], interpolation=cv2.INTER_AREA)).astype(np.uint8)
    middle = cv2.medianBlur(calm, 2 * max(1, round(min(shape) * HALF_WINDOW)) + 1).astype(np.float32)
    variance = float(taken(calm, counted).var(dtype=np.float64))
    steepness = gradient(grey)
    np.minimum(steepness, np.quantile(taken(steepness, counted), STEEPEST), out=steepness)
    edges = steepness > find_levels(taken(steepness, counted), 2).mean()
    between = ~edges
    if counted is not None:
        edges, between = edges & counted, between & counted
    # Boundaries are less than what they bound.
    if not variance or not 0 < edges.sum() < between.sum():
        return nothing
    left = 1 - float(taken(calm - middle, counted).var(dtype=np.float64)) / variance
    levels = min(spread([GreyImage(middle / np.float32(255), valid=counted)], n) for n in FEW)
    square = np.ones((ACROSS, ACROSS), np.uint8)
    half_way = (cv2.dilate(middle, square) + cv2.erode(middle, square)) / 2
    varied = float(half_way[edges].var(dtype=np.float64)) / max(
        float(taken(middle, counted).var(dtype=np.float64)), 1e-9
    )
    flat = float(steepness[between].mean(dtype=np.float64))
    steeper = float(steepness[edges].mean(dtype=np.float64)) / max(flat, float(np.finfo(np.float32).tiny))
    pieces = cv2.connectedComponentsWithStats(edges.astype(np.uint8), connectivity=8)[2][1:]
    spans = np.maximum(pieces[:, cv2.CC_STAT_WIDTH], pieces[:, cv2.CC_STAT_HEIGHT])
    areas = pieces[:, cv2.CC_STAT_AREA]
    long = float(areas[spans >= SPAN * min(shape)].sum() / areas.sum())
    return Grained(left, levels, varied, long, steeper)
