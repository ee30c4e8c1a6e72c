"""Whole batches: methods that label all micrographs of a set, so that a phase has one id in all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from benchmarks.quality.labelled import Labelled
from segment.composition import order_by_brightness
from segment.model import Segmenter

# Number of phases asked of a set whose classes are more than a map by grey levels can show, or that is measured twice.
N_PHASES = {"metaldam": (3, 4)}
SAMPLE = 20_000
BLUR = 1.5

# Makes one map of every micrograph, with ids that mean the same in all.
BatchMethod = Callable[[Sequence[Labelled], int], list[NDArray[np.uint8]]]


def choose_phases(name: str, items: Sequence[Labelled]) -> tuple[int, ...]:
    """Return the numbers of phases that a set is segmented into: that of its classes unless `N_PHASES` has others."""
    return N_PHASES.get(name, (len({class_id for item in items for class_id in item.classes}),))


def pool_grey(items: Sequence[Labelled], k: int) -> list[NDArray[np.uint8]]:
    """Cluster the grey levels of all images together."""
    return _cluster([_blurred(item) for item in items], k)


def pool_standardised(items: Sequence[Labelled], k: int) -> list[NDArray[np.uint8]]:
    """Cluster the grey levels of all images together, each image less its mean and over its deviation."""
    greys = [_blurred(item) for item in items]
    return _cluster([(grey - grey.mean()) / max(float(grey.std()), 1e-9) for grey in greys], k)


def order_each(items: Sequence[Labelled], k: int) -> list[NDArray[np.uint8]]:
    """Cluster the grey levels of each image; the darkest cluster is phase 0 in all."""
    return [_cluster([_blurred(item)], k)[0] for item in items]


def segment_each(items: Sequence[Labelled], k: int) -> list[NDArray[np.uint8]]:
    """Segment each image by itself; the darkest phase is phase 0 in all."""
    maps = []
    for item in items:
        labels = Segmenter(k).fit_predict(item.image).labels
        rank = np.argsort(order_by_brightness(item.image, labels, k)).astype(np.uint8)
        maps.append(rank[labels])
    return maps


def segment_together(items: Sequence[Labelled], k: int) -> list[NDArray[np.uint8]]:
    """Segment all images as one batch."""
    segmenter = Segmenter(k).fit([item.image for item in items])
    return [segmenter.predict(item.image).labels for item in items]


BATCH_METHODS: dict[str, BatchMethod] = {
    "k-means, pooled grey": pool_grey,
    "k-means, pooled grey, each standardised": pool_standardised,
    "k-means of each image, ids by brightness": order_each,
    "segment, each image alone, ids by brightness": segment_each,
    "segment, one batch": segment_together,
}


def _blurred(item: Labelled) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(item.image, (0, 0), BLUR), dtype=np.float32)


def _cluster(greys: Sequence[NDArray[np.float32]], k: int) -> list[NDArray[np.uint8]]:
    pooled = np.concatenate([grey.ravel() for grey in greys])
    drawn = pooled[:: max(1, pooled.size // SAMPLE), None]
    centres = np.sort(KMeans(k, n_init=4, random_state=0).fit(drawn).cluster_centers_.ravel())
    edges = (centres[1:] + centres[:-1]) / 2
    return [np.searchsorted(edges, grey).astype(np.uint8) for grey in greys]
