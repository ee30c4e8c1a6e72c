"""The methods beside each other: baselines that need no features, clustering of features, and `segment` itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from benchmarks.quality.guided import guide_by_guess, guide_by_itself, guide_by_truth
from benchmarks.quality.labelled import UNANNOTATED, Labelled
from segment.evaluate import count_overlap, match
from segment.explore import Candidate, explore
from segment.features import extract
from segment.model import Segmenter

# Clusterings are fitted to this many pixels, and applied to all.
SAMPLE = 10_000
N_LEVELS = 128

# Makes one map, (h, w), or several that count alike, (n, h, w).
Method = Callable[[Labelled], NDArray[np.uint8]]


def say_majority(item: Labelled) -> NDArray[np.uint8]:
    """Give every pixel the same label."""
    return np.zeros(item.truth.shape, dtype=np.uint8)


def draw_lots(item: Labelled) -> NDArray[np.uint8]:
    """Draw every label by the true fractions."""
    counts = np.bincount(item.truth[item.truth != UNANNOTATED], minlength=item.n_classes)
    lots = np.random.default_rng(0).choice(item.n_classes, size=item.truth.shape, p=counts / counts.sum())
    return lots.astype(np.uint8)


def multi_otsu(item: Labelled) -> NDArray[np.uint8]:
    """Cut the histogram of grey levels where the variance between classes is largest, exactly.

    References
    ----------
    P.-S. Liao, T.-S. Chen and P.-C. Chung, "A fast algorithm for multilevel thresholding", J. Inf. Sci. Eng. 17 (2001)
    713-727, eq. 20; the best cuts by dynamic programming.
    """
    low, high = item.image.min(), item.image.max()
    levels = ((item.image - low) / max(high - low, 1e-9) * (N_LEVELS - 1)).round().astype(np.int64)
    counts = np.bincount(levels.ravel(), minlength=N_LEVELS).astype(np.float64)
    weights, moments = np.cumsum(np.r_[0, counts]), np.cumsum(np.r_[0, counts * np.arange(N_LEVELS)])
    weight, moment = weights[None] - weights[:, None], moments[None] - moments[:, None]
    score = np.where(weight > 0, moment**2 / np.where(weight > 0, weight, 1), -np.inf)
    best, starts = score[0], []
    for _ in range(item.n_classes - 1):
        totals = best[:, None] + score
        starts.append(totals.argmax(axis=0))
        best = totals.max(axis=0)
    cuts, end = [], N_LEVELS
    for start in reversed(starts):
        end = start[end]
        cuts.append(end)
    return np.searchsorted(np.sort(cuts), levels, side="right").astype(np.uint8)


def _cluster(kind: Callable[[int], KMeans | GaussianMixture], rows: Callable[[Labelled], NDArray]) -> Method:
    def label(item: Labelled) -> NDArray[np.uint8]:
        X = np.ascontiguousarray(rows(item), dtype=np.float32)
        chosen = np.random.default_rng(0).choice(len(X), min(SAMPLE, len(X)), replace=False)
        model = kind(item.n_classes).fit(X[chosen])
        return model.predict(X).astype(np.uint8).reshape(item.truth.shape)

    return label


def _segment(preset: str) -> Method:
    return lambda item: Segmenter(item.n_classes, preset=preset).fit_predict(item.image).labels


def pick_from_sheet(item: Labelled) -> NDArray[np.uint8]:
    """Let the truth pick a candidate from the sheet, and segment with its preset: what an expert may reach."""
    found = explore(item.image)
    truth = item.truth[:: found.step, :: found.step]

    def mean_iou(candidate: Candidate) -> float:
        overlap = count_overlap(candidate.labels, truth, candidate.parameters.n_phases, item.n_classes)
        return match(overlap).mean_iou

    best = max(found.candidates, key=mean_iou)
    with warnings.catch_warnings():
        # That a component explains nothing was seen on the sheet.
        warnings.simplefilter("ignore", RuntimeWarning)
        return Segmenter.from_parameters(best.parameters).fit_predict(item.image).labels


def _k_means(k: int) -> KMeans:
    return KMeans(k, n_init=4, random_state=0)


def _mixture(k: int) -> GaussianMixture:
    return GaussianMixture(k, reg_covar=1e-5, random_state=0)


def _grey(item: Labelled) -> NDArray[np.float32]:
    return item.image.reshape(-1, 1)


METHODS: dict[str, Method] = {
    "majority class": say_majority,
    "random, true fractions": draw_lots,
    "multi-Otsu": multi_otsu,
    "k-means, grey": _cluster(_k_means, _grey),
    "Gaussian mixture, grey": _cluster(_mixture, _grey),
    "k-means, pixel": _cluster(_k_means, lambda item: extract(item.image, "pixel").X),
    "k-means, texture": _cluster(_k_means, lambda item: extract(item.image, "texture").X),
    "segment, preset pixel": _segment("pixel"),
    "segment, preset default": _segment("default"),
    "segment, true fractions": guide_by_truth,
    "segment, fractions 60 % true": guide_by_guess,
    "segment, fractions from itself": guide_by_itself,
    "segment explore, best of the sheet": pick_from_sheet,
}
