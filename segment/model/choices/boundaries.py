"""Two phases that are grains of many grey levels and the boundaries between them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.features.edges import gradient
from segment.features.flatten import find_levels
from segment.features.grey import stretch
from segment.features.scale import working_shape
from segment.features.valid import taken, valid_at
from segment.model.choices.choice import Choice
from segment.model.choices.sampled import sample_images
from segment.model.choices.textures import spread
from segment.model.chosen import Figures
from segment.model.parameters import Parameters
from segment.records import GreyImage, valid_of

# Grains, and their boundaries.
N_PHASES = 2
# The median's half window and the span of a long piece, as parts of the shorter side; numbers of levels that are few.
HALF_WINDOW, SPAN = 1 / 40, 1 / 4
FEW = (2, 3, 4, 5)
# Both sides of an edge are within a square of so many pixels.
ACROSS = 9
# Of the gradient: what is above is as steep as that.
STEEPEST = 0.99


def look(greys: Sequence[NDArray[np.float32]], parameters: Parameters) -> Figures | None:
    """Return the mean figures of at most four images, see `examine`; None where not two phases are asked for.

    Parameters
    ----------
    greys : sequence of ndarray of float32, shape (h, w)
        Prepared images.
    parameters : Parameters

    Returns
    -------
    dict of str to float, or None
    """
    if parameters.n_phases != N_PHASES:
        return None
    every = [examine(grey) for grey in sample_images(greys)]
    return {name: float(np.mean([figures[name] for figures in every])) for name in every[0]}


def examine(grey: NDArray[np.float32]) -> Figures:
    """Return what decides between two grey levels and grains with boundaries, at working size.

    Edges are where the magnitude of the `segment.features.edges.gradient` is nearer to the upper of its own two levels.

    Parameters
    ----------
    grey : ndarray of float32, shape (h, w)
        Of a `segment.records.GreyImage` the excluded pixels count in nothing.

    Returns
    -------
    dict of str to float
        ``evenness``: fraction of the variance of grey levels that a median filter of a twentieth of the shorter side
        leaves, near 1 where grains are larger than that, and even. ``spread``: of the grey levels behind the median,
        the least `segment.model.choices.textures.spread` for two to five levels, near 1 or above where grains are of
        many levels, well below where they are of few. ``variety``: variance of the grey level half-way between the two
        sides of an edge, over that of all pixels, 0 where every edge is between the same two levels, up to 1/2 where
        neighbours have independent levels and all edges count. ``length``: fraction of the edges in connected pieces
        that span a quarter of the shorter side or more. ``steepness``: mean gradient of the edges over that of all
        else; of Gaussian noise of any grain it is 2.3. All 0 where the grey level is constant.

    References
    ----------
    N. Otsu, "A threshold selection method from gray-level histograms", doi 10.1109/TSMC.1979.4310076.

    Examples
    --------
    >>> levels = np.random.default_rng(0).normal(0.5, 0.15, (8, 8)).astype(np.float32)
    >>> many, two = np.kron(levels, np.ones((20, 20))), np.kron(levels > 0.5, np.ones((20, 20)))
    >>> [BOUNDARIES.holds(examine(image.astype(np.float32))) for image in (many, two)]
    [True, False]
    """
    nothing = dict.fromkeys(BOUNDARIES.least, 0.0)
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
    return {"evenness": left, "spread": levels, "variety": varied, "length": long, "steepness": steeper}


# Grains are even where a median leaves most of the variance, of many levels where much remains beyond a few and edges
# lie at different levels, and bounded where edges are long, and so much steeper than what is between them.
BOUNDARIES = Choice(
    name="boundaries",
    features="edges",
    look=look,
    reason=(
        "the two phases are grains and their boundaries, for the grains are even, have many grey levels instead of "
        "two, and are bounded: a median filter leaves {evenness:.2f} of the variance, a few levels leave {spread:.2f} "
        "times what they would of a uniform distribution, edges lie at different levels (variety {variety:.2f}), "
        "{length:.2f} of them are in long pieces, and they are {steepness:.1f} times as steep as the rest"
    ),
    least={"evenness": 0.9, "spread": 0.8, "variety": 0.3, "length": 0.4, "steepness": 2.5},
    caveat="The fraction of the boundaries depends on how wide they are drawn.",
    # A boundary is as wide as it is drawn, and any fraction of it makes about as clear a map.
    leeway=0.0,
)
