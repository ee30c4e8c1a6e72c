"""Choose by the images whether phases are told by their grey level or by their texture."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segment.composition.appearance import DRAWN, describe
from segment.composition.grey_levels import calm
from segment.composition.offsets import draw
from segment.features.spectrum import is_resolved
from segment.model.abundances import largest
from segment.model.fitted import FittedModel
from segment.model.refining import judged, principal
from segment.model.textured import NO_ORDER, Textured, contrast, order
from segment.model.training import extract_features, train, unmix
from segment.records import FeatureStack

# Features that weigh the pixel against its neighbourhood, and those that see no grey level at all.
BY_GREY, BY_TEXTURE = "texture", "spectrum"
# Order is what a window of so many times the features' own leaves.
WIDER = 2.0
TINY = 1e-12


def choose(model: FittedModel, greys: Sequence[NDArray[np.float32]]) -> FittedModel:
    """Learn the phases as textures where grey levels order nothing, textures are clear, and `Parameters.textures` asks.

    One choice for all images, from at most four of them, see `segment.model.textured.Textured.holds`; none where one of
    these is too small, see `segment.features.spectrum.is_resolved`.

    Parameters
    ----------
    model : FittedModel
        Of the features "texture"; one of others is returned as it is.
    greys : sequence of ndarray of float32, shape (h, w)
        The prepared images that it was learned from.

    Returns
    -------
    FittedModel
        `model` itself, or one of the features "spectrum" that says why, in `FittedModel.textured`.

    Notes
    -----
    Deterministic for any number of threads. Where the map by grey levels has order, as most have, nothing is fitted.
    """
    parameters = model.parameters
    if not parameters.textures or parameters.features != BY_GREY or parameters.n_phases == 1:
        return model
    seen = [greys[i] for i in judged([grey.size for grey in greys])]
    # A constant image has neither phases nor a window.
    seen = [grey for grey in seen if grey.min() < grey.max()]
    if not seen or not all(is_resolved(grey.shape, parameters.scale) for grey in seen):
        return model
    maps, windows = [], []
    for grey in seen:
        stack = extract_features(grey, parameters)
        maps.append(_map(stack, grey, model))
        windows.append(_wide(stack))
    before = order(maps, windows)
    if before >= NO_ORDER:
        return model
    with warnings.catch_warnings():
        # That a component explains nothing is no fault of the model that stays.
        warnings.simplefilter("ignore", RuntimeWarning)
        other = train(greys, replace(parameters, features=BY_TEXTURE), model.training)
    maps, windows, drawn = [], [], []
    for grey in seen:
        stack = extract_features(grey, other.parameters)
        maps.append(_map(stack, grey, other))
        windows.append(_wide(stack))
        labelled = np.vstack([stack.X.T, maps[-1].ravel()[None].astype(np.float32)])
        drawn.append(draw(labelled, DRAWN))
    doubt = _doubt(np.concatenate(drawn, axis=1), parameters.n_phases)
    brightness = contrast([calm(grey) for grey in seen], maps, [window / WIDER for window in windows])
    found = Textured(before, order(maps, windows), doubt, brightness)
    return replace(other, textured=found) if found.holds else model


def _map(stack: FeatureStack, grey: NDArray[np.float32], model: FittedModel) -> NDArray[np.uint8]:
    """Return the labels of an image, shape (h, w)."""
    mixture = model.mixture
    shares = unmix(stack, model) if mixture is None else mixture.shares(stack.X, calm(grey).ravel())
    return largest(shares).reshape(grey.shape)


def _wide(stack: FeatureStack) -> float:
    assert stack.neighbourhood is not None
    return WIDER * stack.neighbourhood.window_px


# Sums over threads would end in other bits with each number of them.
@threadpool_limits.wrap(limits=1, user_api="blas")
def _doubt(drawn: NDArray[np.float32], n_phases: int) -> float:
    """Return the doubt about some pixels, of their features and, last, their labels, as a part of what could be."""
    X, labels = drawn[:-1], drawn[-1].astype(np.intp)
    fractions = np.bincount(labels, minlength=n_phases) / labels.size
    entropy = -float(np.sum(fractions * np.log(np.maximum(fractions, TINY))))
    return describe(principal(X.T) @ X, labels, n_phases).doubt / max(entropy, TINY)
