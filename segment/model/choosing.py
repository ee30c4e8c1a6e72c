"""Choose by the images whether phases are told by their grey level, by their texture, or as grains and boundaries."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import astuple, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segment.composition.appearance import DRAWN, describe
from segment.composition.grey_levels import calm
from segment.features.spectrum import is_resolved
from segment.features.valid import valid_at
from segment.model.abundances import largest
from segment.model.grained import Grained, examine
from segment.model.parameters import Parameters
from segment.model.refining import judged, principal
from segment.model.textured import EVEN, Textured, contrast, order, spread
from segment.model.training import count_valid, draw, extract_features, grid_of, is_large, train, unmix, valid_rows
from segment.records import GreyImage, chroma_of, valid_of

# Features that weigh the pixel against its neighbourhood, and those that see no grey level at all.
BY_GREY, BY_TEXTURE, BY_EDGE, BY_COLOUR = "texture", "spectrum", "edges", "colour"
# Grains, and their boundaries.
GRAINED = 2
# Order is what a window of so many times the features' own leaves.
WIDER = 2.0
# Pixels of all images that are enough to see whether there are textures.
PROBED = 20_000
TINY = 1e-12


def in_colour(greys: Sequence[NDArray[np.float32]], parameters: Parameters) -> Parameters:
    """Choose the features "colour" in the place of "texture" where all images have colours that say something.

    Parameters
    ----------
    greys : sequence of ndarray of float32, shape (h, w)
        Images; those in colour are `segment.records.GreyImage` with their chroma.
    parameters : Parameters

    Returns
    -------
    chosen : Parameters
    """
    if parameters.features != BY_GREY or any(chroma_of(grey) is None for grey in greys):
        return parameters
    return replace(parameters, features=BY_COLOUR)


def choose(greys: Sequence[NDArray[np.float32]], parameters: Parameters) -> tuple[Parameters, Textured | None]:
    """Choose the features "colour" of images in colour; "spectrum" where grey levels order nothing and textures do.

    One choice for all images, from at most four of them, see `segment.model.textured.Textured.holds`; none where one of
    these is too small, see `segment.features.spectrum.is_resolved`.

    Parameters
    ----------
    greys : sequence of ndarray of float32, shape (h, w)
        Prepared images, of at least as many pixels as there are phases.
    parameters : Parameters
        Of the features "texture"; others are returned as they are. Without `textures` only colours are looked for.

    Returns
    -------
    tuple of (Parameters, Textured or None)
        Parameters with the features to learn from, and why these are others than was asked for.

    Notes
    -----
    Deterministic for any number of threads. Nothing is fitted where grey levels have peaks. Both maps are drawn by the
    components of fits to 20,000 pixels; that by grey levels only where textures are clear.
    """
    parameters = in_colour(greys, parameters)
    if not parameters.textures or parameters.features != BY_GREY or parameters.n_phases == 1:
        return parameters, None
    seen = [_reduced(greys[i]) for i in judged([grey.size for grey in greys])]
    if not all(is_resolved(grey.shape, parameters.scale) and grey.min() < grey.max() for grey in seen):
        return parameters, None
    valid = [valid_of(grey) for grey in seen]
    greys = [GreyImage(calm(grey), valid=part) for grey, part in zip(seen, valid, strict=True)]
    k = parameters.n_phases
    evenness = spread(greys, k)
    if evenness < EVEN:
        return parameters, None
    by_texture = replace(parameters, features=BY_TEXTURE)
    with warnings.catch_warnings():
        # That a component explains nothing is said of the fit that counts.
        warnings.simplefilter("ignore", RuntimeWarning)
        maps, windows, drawn = _probe(seen, by_texture)
        left = order(maps, [WIDER * window for window in windows], valid)
        brightness = contrast(greys, maps, windows)
        found = Textured(evenness, order_before=0.0, order=left, doubt=_doubt(drawn, k), contrast=brightness)
        if found.holds:
            maps, windows, _ = _probe(seen, parameters)
            found = replace(found, order_before=order(maps, [WIDER * window for window in windows], valid))
    return (by_texture, found) if found.holds else (parameters, None)


def find_grains(greys: Sequence[NDArray[np.float32]], parameters: Parameters) -> tuple[Parameters, Grained | None]:
    """Choose the features "edges" where two phases are grains and their boundaries, and parameters ask for it.

    One choice for all images, from the mean figures of at most four of them, see `segment.model.grained.Grained.holds`.

    Parameters
    ----------
    greys : sequence of ndarray of float32, shape (h, w)
        Prepared images.
    parameters : Parameters
        Of the features "texture" and two phases, with `boundaries`; others are returned as they are.

    Returns
    -------
    tuple of (Parameters, Grained or None)
        Parameters with the features to learn from, and why these are others than was asked for.
    """
    if not parameters.boundaries or parameters.features != BY_GREY or parameters.n_phases != GRAINED:
        return parameters, None
    seen = judged([grey.size for grey in greys])
    figures = np.mean([astuple(examine(_reduced(greys[i]))) for i in seen], axis=0)
    found = Grained(*(float(figure) for figure in figures))
    return (replace(parameters, features=BY_EDGE), found) if found.holds else (parameters, None)


def _reduced(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a large image at a smaller size: what is asked of it is seen at 400 pixels a side."""
    if not is_large(grey):
        return grey
    step = grid_of(grey)
    size = (grey.shape[1] // step, grey.shape[0] // step)
    small = np.asarray(cv2.resize(np.asarray(grey), size, interpolation=cv2.INTER_AREA), np.float32)
    return GreyImage(small, valid=valid_at(valid_of(grey), small.shape))


def _probe(
    greys: Sequence[NDArray[np.float32]], parameters: Parameters
) -> tuple[list[NDArray[np.uint8]], list[float], NDArray[np.float32]]:
    """Return maps by the components of a fit to some pixels, the windows in pixels, and some features with labels."""
    model = train(greys, replace(parameters, refine=False, max_pixels=PROBED), ())
    maps, windows, drawn = [], [], []
    for grey in greys:
        stack = extract_features(grey, parameters)
        assert stack.neighbourhood is not None
        labels = largest(unmix(stack, model))
        maps.append(labels.reshape(grey.shape))
        windows.append(stack.neighbourhood.window_px)
        total = count_valid(grey)
        rows = valid_rows(grey)[draw(np.random.default_rng(0), total, min(DRAWN, total))]
        drawn.append(np.vstack([stack.X.T[:, rows], labels[rows].astype(np.float32)]))
    return maps, windows, np.concatenate(drawn, axis=1)


# Sums over threads would end in other bits with each number of them.
@threadpool_limits.wrap(limits=1, user_api="blas")
def _doubt(drawn: NDArray[np.float32], n_phases: int) -> float:
    """Return the doubt about some pixels, of their features and, last, their labels, as a part of what could be."""
    X, labels = drawn[:-1], drawn[-1].astype(np.intp)
    fractions = np.bincount(labels, minlength=n_phases) / labels.size
    entropy = -float(np.sum(fractions * np.log(np.maximum(fractions, TINY))))
    return describe(principal(X.T) @ X, labels, n_phases).doubt / max(entropy, TINY)
