"""Intervals of area fractions: from maps that differ in what no image decides, and from what is known beforehand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segment.features.scale import working_shape
from segment.model.ensemble import draw_maps, place_pixels
from segment.model.fitted import FittedModel
from segment.model.image import look_at, shrink
from segment.model.teaching import visible
from segment.model.training import extract_features, prepared
from segment.records import Intervals, Micrograph

NOMINAL = 0.9
# Standard deviations of a normal distribution that hold nine tenths of it.
NORMAL = 1.645
# Fractions between these quantiles of those in all maps count; from this intersection over union a phase is the same.
TAIL, AGREEING, FEWEST = 0.06, 0.5, 4
# By `python -m benchmarks --case intervals`: what is added on both sides, and for labels how many deviations.
MARGIN, BOUNDARY_MARGIN, DEVIATIONS = 0.095, 0.09, 2.2
# Part of the binomial deviation of a fraction that labels leave open where all dictionaries agree.
BINOMIAL = 0.2


# Sums over threads would end in other bits with each number of them.
@threadpool_limits.wrap(limits=1, user_api="blas")
def find_intervals(
    micrograph: Micrograph,
    labels: NDArray[np.uint8],
    fractions: NDArray[np.float64],
    model: FittedModel,
    fraction_sigma: float | None = None,
) -> Intervals:
    """Find intervals of the area fractions of one map.

    Of an image alone, other maps of it are drawn, see `segment.model.ensemble.draw_maps`, and their phases matched to
    those of the map. An interval holds the fractions in all of them but a few, and a margin on both sides, so that on
    labelled micrographs nine of ten hold the true fraction: conformalised quantile regression [1]_, over materials. Of
    a model that labels trained, it is what its dictionaries leave open; with known fractions, what these leave open.

    Parameters
    ----------
    micrograph : Micrograph
    labels : ndarray of uint8, shape (h, w)
        The map.
    fractions : ndarray of float64, shape (k,)
        Area fractions in it.
    model : FittedModel
        What made it.
    fraction_sigma : float, optional
        Uncertainty of the known fractions that guided the map, a standard deviation; None where none did.

    Returns
    -------
    Intervals

    References
    ----------
    .. [1] Y. Romano, E. Patterson, E. J. Candes, "Conformalized quantile regression", doi 10.48550/arXiv.1905.03222.
    """
    if fraction_sigma is not None:
        return _surround(fractions, NORMAL * fraction_sigma, "fractions", 1)
    if model.teaching is not None:
        each = find_dictionary_fractions(micrograph, model)
        spread = each.std(axis=0) + BINOMIAL * np.sqrt(np.maximum(fractions * (1 - fractions), 0.01))
        return _surround(fractions, DEVIATIONS * spread, "labels", len(each))
    image = micrograph.image
    if image.min() == image.max():
        return _surround(fractions, 1.0, "image", 0)
    shape = working_shape(image.shape)
    small = np.asarray(cv2.resize(labels, shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
    return compare_maps(small[place_pixels(micrograph)], draw_maps(micrograph, model.parameters), fractions)


def compare_maps(
    shown: NDArray[np.uint8], maps: Iterable[NDArray[np.uint8]], fractions: NDArray[np.float64]
) -> Intervals:
    """Return intervals of the fractions in a map from other maps of the same pixels.

    Parameters
    ----------
    shown : ndarray of uint8, shape (n,)
        Phases of some pixels in the map, 0 ... k - 1.
    maps : iterable of ndarray of uint8, shape (n,)
        The same pixels in other maps, of whatever groups.
    fractions : ndarray of float64, shape (k,)
        Area fractions in the map.

    Returns
    -------
    Intervals

    Examples
    --------
    >>> shown = np.repeat(np.array([0, 1], np.uint8), [60, 40])
    >>> other = np.repeat(np.array([1, 0], np.uint8), [70, 30])
    >>> found = compare_maps(shown, [shown, other, shown, other], np.array([0.6, 0.4]))
    >>> [bool(low < 0.6 and high > 0.7) for low, high in found.meaning[:1]], found.n_agreeing
    ([True], (4, 4))
    """
    pairs = [match_fractions(shown, one, len(fractions)) for one in maps]
    found = np.array([areas for areas, _ in pairs])
    agreement = np.array([iou for _, iou in pairs])
    meaning = _quantiles(found, MARGIN, fractions)
    boundary = meaning.copy()
    is_same = agreement >= AGREEING
    for phase in np.flatnonzero(is_same.sum(axis=0) >= FEWEST):
        rows = is_same[:, phase]
        low, high = _quantiles(found[rows, phase, None], BOUNDARY_MARGIN, fractions[phase, None])[0]
        boundary[phase] = max(low, meaning[phase, 0]), min(high, meaning[phase, 1])
    return Intervals(NOMINAL, meaning, boundary, "image", len(found), tuple(is_same.sum(axis=0).tolist()))


def match_fractions(
    shown: NDArray[np.uint8], other: NDArray[np.uint8], k: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the fractions of the phases of one map in another, matched one to one, and how much of each is the same.

    Parameters
    ----------
    shown, other : ndarray of uint8, shape (n,)
    k : int
        Number of phases of `shown`; `other` has no more groups.

    Returns
    -------
    tuple of (ndarray of float64, ndarray of float64), each of shape (k,)
        Fractions, zero for a phase without a group, and intersections over unions.
    """
    from scipy.optimize import linear_sum_assignment

    counts = np.bincount(other.astype(np.intp) * k + shown, minlength=k * k).reshape(k, k).astype(np.float64)
    union = counts.sum(axis=1)[:, None] + counts.sum(axis=0) - counts
    iou = np.divide(counts, union, out=np.zeros_like(counts), where=union > 0)
    groups, phases = linear_sum_assignment(iou, maximize=True)
    areas, same = np.zeros(k), np.zeros(k)
    areas[phases], same[phases] = counts.sum(axis=1)[groups] / counts.sum(), iou[groups, phases]
    return areas, same


def find_dictionary_fractions(micrograph: Micrograph, model: FittedModel) -> NDArray[np.float64]:
    """Return the area fractions by each dictionary alone of a model trained from labels, shape (n_dictionaries, k)."""
    teaching = model.teaching
    assert teaching is not None
    stack = extract_features(
        prepared(shrink(look_at(micrograph)), replace(model.parameters, size="native")), model.parameters
    )
    rows, columns = place_pixels(micrograph)
    drawn = replace(stack, data=np.ascontiguousarray(stack.data[:, None, rows, columns]))
    X = visible(drawn, teaching.is_standardised)
    each = [replace(teaching, dictionaries=(one,)).shares(X).argmax(axis=0) for one in teaching.dictionaries]
    return np.array([np.bincount(one, minlength=len(teaching.painted)) / len(one) for one in each])


def _quantiles(found: NDArray[np.float64], margin: float, fractions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return intervals that hold most of the rows of `found` and the fractions themselves, shape (k, 2)."""
    low, high = np.quantile(found, (TAIL, 1 - TAIL), axis=0)
    ends = np.minimum(low - margin, fractions), np.maximum(high + margin, fractions)
    return np.clip(np.stack(ends, axis=1), 0, 1)


def _surround(fractions: NDArray[np.float64], reach: float | NDArray[np.float64], basis: str, n_maps: int) -> Intervals:
    ends = np.clip(np.stack([fractions - reach, fractions + reach], axis=1), 0, 1)
    return Intervals(NOMINAL, ends, ends.copy(), basis, n_maps, (n_maps,) * len(fractions))
