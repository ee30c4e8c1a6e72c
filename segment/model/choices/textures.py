"""Phases that are textures of one brightness, which grey levels cannot distinguish."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segment.features.flatten import find_levels
from segment.features.spectrum import is_resolved
from segment.features.valid import taken
from segment.mixture.leaders import leaders
from segment.mixture.normals import fit_normals
from segment.mixture.pixels import DRAWN, calm, principal
from segment.model.choices.choice import Choice
from segment.model.choices.sampled import sample_images
from segment.model.chosen import Figures
from segment.model.parameters import Parameters
from segment.model.training import count_valid, draw_rows, extract_features, train, unmix, valid_rows
from segment.records import GreyImage, valid_of

# They see no grey level at all.
FEATURES = "spectrum"
# Order is what a window of so many times the features' own leaves.
WIDER = 2.0
# Pixels of all images that are enough to see whether there are textures.
PROBED = 20_000
TINY = 1e-12


def look(greys: Sequence[NDArray[np.float32]], parameters: Parameters) -> Figures | None:
    """Return what decides between phases by grey level and phases by texture, over at most four images.

    Parameters
    ----------
    greys : sequence of ndarray of float32, shape (h, w)
        Prepared images, of at least as many pixels as there are phases.
    parameters : Parameters

    Returns
    -------
    dict of str to float, or None
        ``spread``: what the best grey level of each phase leaves of the variance of grey levels, see `spread`.
        ``order_before``: of the variance of the labels by grey level, the fraction that a window of twice the features'
        width leaves, see `order`; 0 where another figure rules textures out. ``order``: the same of the labels by
        texture, whose window is itself twice as wide. ``doubt``: mean entropy of a pixel's phase, as normal
        distributions over the texture have it, as a part of the entropy of the fractions. ``contrast``: fraction of the
        variance of the grey level, seen through the textures' window, that lies between their phases. None where there
        is one phase, an image is too small, see `segment.features.spectrum.is_resolved`, or grey levels have peaks.

    Notes
    -----
    Nothing is fitted where grey levels have peaks. Both maps are drawn by the components of fits to 20,000 pixels; that
    by grey levels only where textures are clear.
    """
    if parameters.n_phases == 1:
        return None
    seen = sample_images(greys)
    if not all(is_resolved(grey.shape, parameters.scale) and grey.min() < grey.max() for grey in seen):
        return None
    valid = [valid_of(grey) for grey in seen]
    levels = [GreyImage(calm(grey), valid=part) for grey, part in zip(seen, valid, strict=True)]
    k = parameters.n_phases
    evenness = spread(levels, k)
    if evenness < TEXTURES.least["spread"]:
        return None
    with warnings.catch_warnings():
        # That a component explains nothing is said of the fit that counts.
        warnings.simplefilter("ignore", RuntimeWarning)
        maps, windows, drawn = _probe(seen, replace(parameters, features=FEATURES))
        figures = {
            "spread": evenness,
            "order_before": 0.0,
            "order": order(maps, [WIDER * window for window in windows], valid),
            "doubt": _doubt(drawn, k),
            "contrast": contrast(levels, maps, windows),
        }
        if TEXTURES.holds(figures):
            maps, windows, _ = _probe(seen, parameters)
            figures["order_before"] = order(maps, [WIDER * window for window in windows], valid)
    return figures


def spread(greys: Sequence[NDArray[np.float32]], n_levels: int) -> float:
    """Return how evenly grey levels are spread: 1 where all are equally frequent, less where they have peaks.

    ``n^2`` times the fraction of the variance of grey levels that the nearest of n levels leaves, the levels those of
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
    """Return the fraction of the variance of labels that windows leave: 0 for specks, near 1 for large regions.

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
    """Return the fraction of the variance of grey levels, seen through windows, that lies between labels.

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


def _probe(
    greys: Sequence[NDArray[np.float32]], parameters: Parameters
) -> tuple[list[NDArray[np.uint8]], list[float], NDArray[np.float32]]:
    """Return maps by the components of a fit to some pixels, the windows in pixels, and some features with labels."""
    model = train(greys, replace(parameters, refine=False, max_pixels=PROBED), ())
    maps, windows, drawn = [], [], []
    for grey in greys:
        stack = extract_features(grey, parameters)
        assert stack.neighbourhood is not None
        labels = leaders(unmix(stack, model))
        maps.append(labels.reshape(grey.shape))
        windows.append(stack.neighbourhood.window_px)
        total = count_valid(grey)
        rows = valid_rows(grey)[draw_rows(np.random.default_rng(0), total, min(DRAWN, total))]
        drawn.append(np.vstack([stack.X.T[:, rows], labels[rows].astype(np.float32)]))
    return maps, windows, np.concatenate(drawn, axis=1)


# Sums over threads would end in other bits with each number of them.
@threadpool_limits.wrap(limits=1, user_api="blas")
def _doubt(drawn: NDArray[np.float32], n_phases: int) -> float:
    """Return the posterior entropy of some pixels, of their features and, last, labels, as a part of the largest."""
    X, labels = drawn[:-1], drawn[-1].astype(np.intp)
    fractions = np.bincount(labels, minlength=n_phases) / labels.size
    entropy = -float(np.sum(fractions * np.log(np.maximum(fractions, TINY))))
    views = principal(X.T) @ X
    return fit_normals(views, labels, n_phases).entropy(views) / max(entropy, TINY)


# Grey levels have no peaks where they are spread as evenly as a uniform distribution. A map has order where a wider
# window leaves so much of it. Phases are clear where the posterior entropy is small, and have one brightness at little
# contrast.
TEXTURES = Choice(
    name="textures",
    features=FEATURES,
    look=look,
    reason=(
        "phases were distinguished by their texture, not by their grey level: of a map by grey levels a wide window "
        "leaves the fraction {order_before:.2f}, of one by texture {order:.2f}, and the textures differ clearly "
        "(uncertainty {doubt:.2f}) at one brightness (contrast {contrast:.2f})"
    ),
    least={"spread": 1.0, "order": 0.4},
    below={"order_before": 0.25, "doubt": 0.1, "contrast": 0.3},
    caveat="Boundaries are those of windows, not of pixels.",
)
