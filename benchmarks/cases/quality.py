"""Agreement of every method with the truth, on every labelled set."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.cases.case import Case
from benchmarks.quality import METHODS, load_sets
from benchmarks.records import CaseResult, Effort
from segment.evaluate import Scores, evaluate

TITLE = "Label maps against the truth, every method on every labelled set"
# Of each set.
N_IMAGES = 4
CLASSICAL = ("majority class", "random, true fractions", "multi-Otsu", "k-means, grey", "Gaussian mixture, grey")
OURS = "segment, preset default"
GUIDED = ("segment, true fractions", "segment, fractions 60 % true", "segment, fractions from itself")
SHEET = "segment explore, best of the sheet"
FIGURES = (
    "accuracy",
    "majority_accuracy",
    "mean_iou",
    "mean_dice",
    "adjusted_rand_index",
    "variation_of_information",
    "boundary_f1",
    "fraction_error",
)


def run(effort: Effort) -> CaseResult:
    """Segment each micrograph by itself, told only how many classes it has, and average over each set.

    A method makes one map of a micrograph, or several, (n, h, w), which count alike.
    """
    sets, description = load_sets(N_IMAGES) if effort.is_full else load_sets(1, effort.crop, most_sets=1)
    scores: dict[tuple[str, str], list[Scores]] = {}
    seconds = dict.fromkeys(METHODS, 0.0)
    for name, items in sets.items():
        for method, label in METHODS.items():
            start = perf_counter()
            maps = [label(item) for item in items]
            seconds[method] += perf_counter() - start
            scores[method, name] = [
                evaluate(one, item.truth, n_classes=item.n_classes)
                for labels, item in zip(maps, items, strict=True)
                for one in labels.reshape(-1, *item.truth.shape)
            ]
    n_images = sum(map(len, sets.values()))
    means = {key: float(np.mean([one.mean_iou for one in several])) for key, several in scores.items()}
    summary = [
        {
            "method": method,
            **{name: means[method, name] for name in sets},
            "mean": float(np.mean([means[method, name] for name in sets])),
            "s per image": seconds[method] / n_images,
        }
        for method in METHODS
    ]
    every: list[dict[str, Any]] = [
        {
            "set": name,
            "method": method,
            "images": len(sets[name]),
            **{
                figure.replace("_", " "): float(np.mean([getattr(one, figure) for one in scores[method, name]]))
                for figure in FIGURES
            },
        }
        for name in sets
        for method in METHODS
    ]
    return CaseResult("quality", TITLE, description, {"Mean IoU": summary, "All figures": every}, _headlines(means))


def _headlines(means: dict[tuple[str, str], float]) -> tuple[str, ...]:
    names = list(dict.fromkeys(name for _, name in means))
    best = {name: max(means[method, name] for method in CLASSICAL) for name in names}
    above = [name for name in names if means[OURS, name] > best[name]]
    below = [name for name in names if means[OURS, name] < means["multi-Otsu", name]]
    average = {method: float(np.mean([means[method, name] for name in names])) for method in METHODS}
    return (
        f"{OURS}: mean IoU {average[OURS]:.3f}; above the best of {len(CLASSICAL)} classical baselines on "
        f"{len(above)} of {len(names)} sets ({', '.join(above) or 'none'}), below multi-Otsu on "
        f"{', '.join(below) or 'none'}",
        *(
            f"{100 * (average[OURS] - average[other]):+.1f} points of mean IoU on average over {other}"
            for other in ("multi-Otsu", "k-means, pixel", "k-means, texture", "segment, preset pixel")
        ),
        *(
            f"{other}: mean IoU {average[other]:.3f}; {100 * (average[other] - average[OURS]):+.1f} points over {OURS}"
            for other in (*GUIDED, SHEET)
        ),
    )


QUALITY = Case(TITLE, run)
