"""From an image and a model to the share of each phase in each pixel."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.composition.appearance import principal_views
from segment.model.abundances import normalise
from segment.model.fitted import FittedModel
from segment.model.smoothing import smooth
from segment.model.training import extract_features, prepared, unmix
from segment.records import Neighbourhood


def find_abundances(
    image: NDArray[np.float32], model: FittedModel, *, with_views: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None, Neighbourhood | None]:
    """Find how much of each phase every pixel holds.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Grey levels in [0, 1].
    model : FittedModel
    with_views : bool, default False
        Whether what guidance learns from is wanted too.

    Returns
    -------
    abundances : ndarray of float32, shape (k, h, w)
        They sum to one in every pixel; uniform where a pixel holds no phase.
    views : ndarray of float32, shape (d, h, w), or None
        The features, reduced to their principal directions; None where they are not wanted, or the model was taught by
        labels, which know better than fractions what its phases look like.
    neighbourhood : Neighbourhood or None
        What the features saw of each pixel's surroundings, in pixels of `image`.
    """
    parameters = model.parameters
    grey = prepared(image, parameters)
    stack = extract_features(grey, parameters)
    seen = _in_pixels_of(image, grey, stack.neighbourhood)
    shares = unmix(stack, model).reshape(-1, *grey.shape)
    views = principal_views(stack.data) if with_views and model.teaching is None else None
    # As large as all features of all pixels.
    del stack
    abundances = normalise(smooth(shares, parameters.smoothness))
    if grey.shape != image.shape:
        # Interpolation rounds: the sums are made exact again.
        abundances = normalise(_enlarged(abundances, image.shape))
        views = None if views is None else _enlarged(views, image.shape)
    return abundances, views, seen


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
