"""From an image and a model to the fraction of each phase in each pixel."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.mixture.pixels import calm, principal_views
from segment.mixture.select import adapt
from segment.model.abundances import normalise
from segment.model.fitted import FittedModel
from segment.model.smoothing import smooth
from segment.model.training import extract_features, is_large, open_features, prepared, unmix
from segment.records import Adaptation, FeatureStack, Neighbourhood, valid_of


@dataclass(frozen=True)
class Found:
    """What a model finds in an image.

    Attributes
    ----------
    abundances : ndarray of float32, shape (k, h, w)
        They sum to one in every pixel; uniform where a pixel holds no phase.
    evidence : ndarray of float32, shape (k, h, w)
        What guidance starts from: the abundances of the components, also where the model was refined.
    views : ndarray of float32, shape (d, h, w), or None
        The features, reduced to their principal directions; None where they are not wanted, or the model was trained by
        labels, which know better than fractions what its phases look like.
    neighbourhood : Neighbourhood or None
        What the features saw of each pixel's surroundings, in pixels of `image`.
    adaptation : Adaptation or None
        How the phases were described anew for this image; None where they were not.
    """

    abundances: NDArray[np.float32]
    evidence: NDArray[np.float32]
    views: NDArray[np.float32] | None
    neighbourhood: Neighbourhood | None
    adaptation: Adaptation | None


def find_abundances(
    image: NDArray[np.float32],
    model: FittedModel,
    *,
    with_views: bool = False,
    is_own: bool = False,
    stack: FeatureStack | None = None,
) -> Found:
    """Find how much of each phase every pixel holds, or how probable it is there where the model was refined.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Grey levels in [0, 1].
    model : FittedModel
    with_views : bool, default False
        Whether what guidance learns from is wanted too; without it `Found.evidence` is that of the map.
    is_own : bool, default False
        Whether the model was learned from this image alone. A refined model describes its phases anew for any other,
        see `segment.mixture.select.adapt`; of more than 16 million pixels not.
    stack : FeatureStack, optional
        Features of the prepared image, where they are at hand.

    Returns
    -------
    Found
    """
    parameters = model.parameters
    grey = prepared(image, parameters)
    if is_large(grey) and stack is None and not with_views:
        return _find_in_blocks(image, grey, model)
    stack = extract_features(grey, parameters) if stack is None else stack
    seen = _in_pixels_of(image, grey, stack.neighbourhood)
    refined = None if model.mixture is None else model.mixture.shares(stack.X, calm(grey).ravel())
    # The components are not needed for a map that they do not make.
    every = [] if refined is None else [refined]
    if refined is None or with_views:
        every.append(unmix(stack, model))
    adapted = None
    if parameters.refine and model.teaching is None and len(every[0]) > 1 and not is_own:
        adapted = adapt(stack.X, grey, every[0], model.mixture)
    if adapted is not None:
        # The evidence of the components stays what guidance starts from.
        every = [adapted[0], *(every if refined is None and with_views else every[1:])]
    views = principal_views(stack.data, valid_of(grey)) if with_views and model.teaching is None else None
    # As large as all features of all pixels.
    del stack
    every = [normalise(smooth(shares.reshape(-1, *grey.shape), parameters.smoothness)) for shares in every]
    if grey.shape != image.shape:
        # Interpolation rounds: the sums are made exact again.
        every = [normalise(_enlarged(shares, image.shape)) for shares in every]
        views = None if views is None else _enlarged(views, image.shape)
    return Found(every[0], every[-1], views, seen, None if adapted is None else adapted[1])


def _find_in_blocks(image: NDArray[np.float32], grey: NDArray[np.float32], model: FittedModel) -> Found:
    """Find the phases of a large image, some rows at a time: what is found in a pixel does not depend on which."""
    rows, k = open_features(grey, model.parameters), len(model.names)
    levels = None if model.mixture is None else calm(np.asarray(grey)).ravel()
    shares = np.empty((k, grey.size), dtype=np.float32)
    for pixels, stack in rows.blocks():
        if model.mixture is None or levels is None:
            shares[:, pixels] = unmix(stack, model)
        else:
            shares[:, pixels] = model.mixture.shares(stack.X, levels[pixels])
    seen = _in_pixels_of(image, grey, rows.neighbourhood)
    found = normalise(smooth(shares.reshape(k, *grey.shape), model.parameters.smoothness))
    if grey.shape != image.shape:
        found = normalise(_enlarged(found, image.shape))
    return Found(found, found, None, seen, None)


def _in_pixels_of(
    image: NDArray[np.float32], resized: NDArray[np.float32], seen: Neighbourhood | None
) -> Neighbourhood | None:
    return None if seen is None else replace(seen, window_px=seen.window_px * (image.size / resized.size) ** 0.5)


def _enlarged(planes: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    height, width = shape
    resized = np.empty((planes.shape[0], height, width), dtype=np.float32)
    for source, target in zip(planes, resized, strict=True):
        cv2.resize(source, (width, height), dst=target, interpolation=cv2.INTER_LINEAR)
    return resized
