"""How often intervals of area fractions hold the true one, with the material they are used on left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.labelled import UNANNOTATED, Labelled
from benchmarks.quality.strokes import paint_strokes
from segment.evaluate import count_overlap, match
from segment.features.scale import working_shape
from segment.io import from_array
from segment.model import Segmenter
from segment.model.ensemble import draw_maps, place_pixels
from segment.model.intervals import AGREEING, BINOMIAL, FEWEST, TAIL, find_dictionary_fractions, match_fractions

STROKES = 2
# Coverage asked of the calibration: a little below the nominal, which small samples would exceed.
ASKED = 0.88


@dataclass(frozen=True)
class Estimate:
    """One phase of one micrograph.

    Attributes
    ----------
    set_name : str
    true, shown : float
        Its area fraction by the truth, and in the map.
    others : ndarray of float64
        In the other maps.
    agreement : ndarray of float64
        How much of the phase each of them shows, an intersection over union.
    is_same : bool
        Whether half of the phase is that of the truth, also as an intersection over union.
    """

    set_name: str
    true: float
    shown: float
    others: NDArray[np.float64]
    agreement: NDArray[np.float64]
    is_same: bool


def estimate_alone(set_name: str, item: Labelled) -> list[Estimate]:
    """Map a micrograph without labels, and compare the map with others."""
    segmenter, micrograph = Segmenter(item.n_classes), from_array(item.image)
    labels = segmenter.fit_predict(micrograph).labels
    size = working_shape(labels.shape)[::-1]
    small = np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    seen = small[place_pixels(micrograph)]
    pairs = [match_fractions(seen, one, item.n_classes) for one in draw_maps(micrograph, segmenter.model.parameters)]
    return _judge(set_name, item, labels, np.array([f for f, _ in pairs]), np.array([iou for _, iou in pairs]))


def estimate_taught(set_name: str, item: Labelled, seed: int = 0) -> list[Estimate]:
    """Map a micrograph by two strokes a phase, and compare the dictionaries that they teach."""
    segmenter, micrograph = Segmenter(item.n_classes), from_array(item.image)
    segmenter.fit(micrograph, labels=paint_strokes(item.truth, seed, STROKES))
    labels = segmenter.predict(micrograph).labels
    each = find_dictionary_fractions(micrograph, segmenter.model)
    known = item.truth != UNANNOTATED
    counts = [np.bincount(one[known], minlength=item.n_classes) / known.sum() for one in (item.truth, labels)]
    return [
        Estimate(set_name, float(true), float(shown), others, np.ones_like(others), is_same=True)
        for true, shown, others in zip(*counts, each.T, strict=True)
    ]


def _judge(
    set_name: str, item: Labelled, labels: NDArray[np.uint8], others: NDArray[np.float64], agreement: NDArray
) -> list[Estimate]:
    overlap = count_overlap(labels, item.truth, item.n_classes, item.n_classes)
    found = match(overlap)
    estimates = []
    for phase, class_id in enumerate(found.classes):
        if class_id < 0:
            continue
        union = overlap[phase].sum() + overlap[:, class_id].sum() - overlap[phase, class_id]
        true, shown = overlap[:, class_id].sum() / overlap.sum(), overlap[phase].sum() / overlap.sum()
        is_same = bool(overlap[phase, class_id] >= AGREEING * union)
        estimates.append(Estimate(set_name, float(true), float(shown), others[:, phase], agreement[:, phase], is_same))
    return estimates


# Of an estimate: the centre or the ends of an interval of no width, and what a unit of the calibration adds to it.
Rule = Callable[[Estimate], tuple[float, float, float]]


def by_quantiles(one: Estimate) -> tuple[float, float, float]:
    """Hold the fractions in most of the maps."""
    low, high = np.quantile(one.others, (TAIL, 1 - TAIL))
    return min(low, one.shown), max(high, one.shown), 1.0


def by_agreeing(one: Estimate) -> tuple[float, float, float]:
    """Hold the fractions in most of the maps that show the same phase."""
    same = one.others[one.agreement >= AGREEING]
    low, high = np.quantile(same if len(same) >= FEWEST else one.others, (TAIL, 1 - TAIL))
    return min(low, one.shown), max(high, one.shown), 1.0


def by_deviation(one: Estimate) -> tuple[float, float, float]:
    """Surround the mean of the maps by multiples of their deviation and two points."""
    return float(one.others.mean()), float(one.others.mean()), float(one.others.std()) + 0.02


def by_constant(one: Estimate) -> tuple[float, float, float]:
    """Surround the fraction by as much for every phase of every image."""
    return one.shown, one.shown, 1.0


def by_dictionaries(one: Estimate) -> tuple[float, float, float]:
    """Surround the fraction by multiples of what dictionaries leave open."""
    spread = float(one.others.std()) + BINOMIAL * max(one.shown * (1 - one.shown), 0.01) ** 0.5
    return one.shown, one.shown, spread


@dataclass(frozen=True)
class Coverage:
    """What intervals reach on one set.

    Attributes
    ----------
    set_name : str
    n : int
    coverage : float
    width : float
        Mean.
    factor : float
        What the other sets ask to be added on both sides, in units of the rule.
    """

    set_name: str
    n: int
    coverage: float
    width: float
    factor: float


def leave_out(estimates: Sequence[Estimate], rule: Rule, sets: Sequence[str]) -> list[Coverage]:
    """Calibrate a rule on all sets but one, each counting alike, and use it on that one; for every set in turn."""
    found = []
    for name in sets:
        factor = calibrate([one for one in estimates if one.set_name != name], rule)
        held = [one for one in estimates if one.set_name == name]
        if not held:
            continue
        low, high, unit = np.array([rule(one) for one in held]).T
        low, high = np.maximum(low - factor * unit, 0), np.minimum(high + factor * unit, 1)
        true = np.array([one.true for one in held])
        is_held = (low <= true + 1e-9) & (true <= high + 1e-9)
        found.append(Coverage(name, len(held), float(is_held.mean()), float((high - low).mean()), factor))
    return found


def calibrate(estimates: Sequence[Estimate], rule: Rule) -> float:
    """Return the factor with which the intervals of a rule hold 88 % of the true fractions, each set counting alike."""
    if not estimates:
        return 0.0
    low, high, unit = np.array([rule(one) for one in estimates]).T
    true, names = np.array([one.true for one in estimates]), np.array([one.set_name for one in estimates])
    missed = np.maximum(low - true, true - high) / unit
    counts = dict(zip(*np.unique(names, return_counts=True), strict=True))
    weights = np.array([1 / counts[name] for name in names])
    order = np.argsort(missed, kind="stable")
    held = np.cumsum(weights[order]) / weights.sum()
    return max(0.0, float(missed[order][min(np.searchsorted(held, ASKED), len(order) - 1)]))
