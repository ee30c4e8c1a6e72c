"""Agreement of every method with the truth, on every labelled set."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.cases.case import Case
from benchmarks.quality import BATCH_METHODS, METHODS, Labelled, choose_phases, load_sets
from benchmarks.records import CaseResult, Effort
from segment.evaluate import BatchScores, Scores, evaluate, evaluate_batch

TITLE = "Label maps against the truth, every method on every labelled set"
# Of each set.
N_IMAGES = 4
CLASSICAL = ("majority class", "random, true fractions", "multi-Otsu", "k-means, grey", "Gaussian mixture, grey")
OURS = "segment, preset default"
GUIDED = ("segment, true fractions", "segment, fractions 60 % true", "segment, fractions from itself")
SHEET = "segment explore, best of the sheet"
TOGETHER = "segment, one batch"
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

    A method makes one map of a micrograph, or several, (n, h, w), which count alike. Then every set is segmented as one
    batch, and scored with one assignment of phases to classes for all of its images.
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
    together = _batches(sets)
    tables = {"Mean IoU": summary, "All figures": every, "Batches: one assignment of phases for all images": together}
    return CaseResult("quality", TITLE, description, tables, (*_headlines(means), _headline_of_batches(together)))


def _batches(sets: dict[str, list[Labelled]]) -> list[dict[str, Any]]:
    """Score every method on every set as one batch."""
    rows = []
    for name, items in sets.items():
        n_classes = max(max(item.classes) for item in items) + 1
        for k in choose_phases(name, items):
            for method, label in BATCH_METHODS.items():
                start = perf_counter()
                maps = label(items, k)
                seconds = perf_counter() - start
                found = evaluate_batch(maps, [item.ids for item in items], n_phases=k, n_classes=n_classes)
                rows.append(_batch_row(name, k, method, found, seconds))
    return rows


def _batch_row(name: str, k: int, method: str, found: BatchScores, seconds: float) -> dict[str, Any]:
    return {
        "set": name,
        "phases": k,
        "method": method,
        "images": found.n_images,
        "mean iou": found.mean_iou,
        "mean iou, each image assigned by itself": found.mean_iou_each,
        "fraction error": found.fraction_error,
        "empty phases": len(found.empty),
        "s per image": seconds / found.n_images,
    }


def _headline_of_batches(rows: list[dict[str, Any]]) -> str:
    means = {method: np.mean([row["mean iou"] for row in rows if row["method"] == method]) for method in BATCH_METHODS}
    ours = [row for row in rows if row["method"] == TOGETHER]
    simple = ", ".join(f"{method} {mean:.3f}" for method, mean in means.items() if method != TOGETHER)
    return (
        f"{TOGETHER}: mean IoU {means[TOGETHER]:.3f} with one assignment of phases for the whole batch, fraction error "
        f"{100 * np.mean([row['fraction error'] for row in ours]):.1f} points, "
        f"{sum(row['empty phases'] for row in ours)} empty phases; {simple}"
    )


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
