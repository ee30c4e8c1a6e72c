"""One annotated micrograph teaches a set: labels on one image, maps of the others, beside a random forest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from benchmarks.cases.case import Case
from benchmarks.quality.labelled import UNANNOTATED, Labelled, load_sets
from benchmarks.quality.strokes import paint_strokes
from benchmarks.records import CaseResult, Effort
from segment import Segmenter
from segment.model.annotated import MOST_ROWS
from segment.model.teaching import visible
from segment.model.training import extract_features, prepared

TITLE = "One annotated micrograph, mean IoU on the others of its set"
OURS, FOREST = "segment, taught", "random forest, same pixels and features"
TREES = 100
# Of each set.
N_IMAGES, TEACHERS = 4, 2
ANNOTATIONS: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "three strokes a class": lambda truth: paint_strokes(truth, seed=0),
    "full mask": lambda truth: truth,
}

Maps = list[NDArray[np.uint8]]


def run(effort: Effort) -> CaseResult:
    """Let up to two micrographs of every set teach the others in turn, those with the most classes first."""
    sets, description = load_sets(N_IMAGES) if effort.is_full else load_sets(TEACHERS, effort.crop, most_sets=1)
    sets = {name: items for name, items in sets.items() if len(items) > 1}
    found: dict[tuple[str, str, str], list[float]] = {}
    seconds: dict[tuple[str, str], list[float]] = {}
    for name, items in sets.items():
        for teacher in sorted(items, key=lambda item: -item.n_classes)[:TEACHERS]:
            others = [item for item in items if item is not teacher]
            for annotation, paint in ANNOTATIONS.items():
                labels = paint(teacher.ids)
                present = np.unique(labels[labels != UNANNOTATED])
                numbers = np.full(256, UNANNOTATED, dtype=np.uint8)
                numbers[present] = range(len(present))
                for method, learn in METHODS.items():
                    start = process_time()
                    maps = learn(teacher.image, numbers[labels], [item.image for item in others])
                    seconds.setdefault((method, annotation), []).append(process_time() - start)
                    scores = [
                        mean_iou(present[labelled], item.ids) for labelled, item in zip(maps, others, strict=True)
                    ]
                    found.setdefault((method, annotation, name), []).append(float(np.mean(scores)))
    means = {key: float(np.mean(values)) for key, values in found.items()}
    rows: list[dict[str, Any]] = [
        {
            "annotation": annotation,
            "method": method,
            **{name: means[method, annotation, name] for name in sets},
            "mean": float(np.mean([means[method, annotation, name] for name in sets])),
            "s of CPU": float(np.mean(seconds[method, annotation])),
        }
        for annotation in ANNOTATIONS
        for method in METHODS
    ]
    return CaseResult("taught", TITLE, description, {"Mean IoU on the others": rows}, tuple(_headlines(means, sets)))


def teach(image: NDArray[np.float32], labels: NDArray[np.uint8], others: Sequence[NDArray[np.float32]]) -> Maps:
    """Learn from labels with `segment`'s default preset."""
    segmenter = Segmenter().fit(image, labels)
    return [segmenter.predict(other).labels for other in others]


def grow_forest(image: NDArray[np.float32], labels: NDArray[np.uint8], others: Sequence[NDArray[np.float32]]) -> Maps:
    """Learn from the same pixels and features with a random forest of scikit-learn's defaults."""
    parameters = Segmenter().parameters

    def features(of: NDArray[np.float32]) -> NDArray[np.float32]:
        return visible(extract_features(prepared(of, parameters), parameters))

    known = np.flatnonzero(labels.ravel() != UNANNOTATED)
    known = known[:: max(1, -(-len(known) // MOST_ROWS))]
    forest = RandomForestClassifier(TREES, random_state=0).fit(features(image)[known], labels.ravel()[known])
    return [forest.predict(features(other)).reshape(other.shape) for other in others]


def mean_iou(found: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    """Return the mean intersection over union of the classes in the truth: phases are named, nothing is matched."""
    is_known = truth != UNANNOTATED
    found, truth = found[is_known], truth[is_known]
    return float(
        np.mean(
            [np.sum((found == one) & (truth == one)) / np.sum((found == one) | (truth == one)) for one in set(truth)]
        )
    )


def _headlines(means: dict[tuple[str, str, str], float], sets: dict[str, list[Labelled]]) -> list[str]:
    lines = []
    for annotation in ANNOTATIONS:
        gains = {name: means[OURS, annotation, name] - means[FOREST, annotation, name] for name in sets}
        below = [name for name, gain in gains.items() if gain < 0]
        lines.append(
            f"{annotation}: {100 * float(np.mean(list(gains.values()))):+.1f} points of mean IoU on average over "
            f"the forest; below it on {', '.join(below) or 'no set'}"
        )
    return lines


METHODS: dict[str, Callable[[NDArray[np.float32], NDArray[np.uint8], Sequence[NDArray[np.float32]]], Maps]] = {
    OURS: teach,
    FOREST: grow_forest,
}
TAUGHT = Case(TITLE, run)
