"""Lines B10 to B13: anomalies of objects and of areas."""

from __future__ import annotations

import csv
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.metallography.folder import files, read_grey
from benchmarks.targets import Figure
from segment.anomaly import (
    describe_silhouettes,
    find_mlography_objects,
    learn_shapes,
    percentiles,
    scan_areas,
    score_like_mlography,
    score_positions,
    score_shapes,
)
from segment.records import Region
from segment.samples import plant_anomalies

PUBLISHED_REGIONS = ((2728, 885), (775, 688), (1910, 1001))
SATURATED, N_TRAINING = 0.99, 8


def measure_anomalies(n_worlds: int, skipped: list[str]) -> list[Figure]:
    """Measure lines B10 to B13.

    Parameters
    ----------
    n_worlds : int
        Planted fields of each kind.
    skipped : list of str
        Sets that are absent are added to it.

    Returns
    -------
    list of Figure
    """
    published, scans = files("mlography-published/*.csv", skipped), files("inclusions/*.png", skipped)
    figures = _planted(n_worlds)
    if published:
        figures += _published(published[0])
    if published and scans:
        figures += _shapes(published[0], scans)
    if scans:
        figures += _areas(scans)
    return figures


def _read(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    where = np.array([[float(row["y"]), float(row["x"])] for row in rows])
    spatial, shape = (
        np.array([float(row[name] or "nan") for row in rows]) for name in ("published_spatial", "published_shape")
    )
    return where, spatial, shape


def _published(path: Path) -> list[Figure]:
    where, spatial, _ = _read(path)
    image = read_grey(path.with_suffix(".png"))
    _, centroids, boxes = find_mlography_objects(image < 128)
    start = process_time()
    score = score_like_mlography(boxes)
    seconds = process_time() - start
    gap, index = cKDTree(where).query(centroids)
    known = (gap < 1) & np.isfinite(spatial[index])
    ours, theirs = score[known], spatial[index][known]
    regions = scan_areas(centroids, boxes[:, 4], image.shape)[:3]
    inside = sum(_holds(region, point) for region, point in zip(regions, PUBLISHED_REGIONS, strict=False))
    return [
        Figure(
            "B10", f"published map, {known.sum()} objects, rank correlation", float(spearmanr(ours, theirs)[0]), 0.985
        ),
        Figure("B10", "rms after the offset", float(np.std(ours - theirs)), most=0.03),
        Figure("B10", "seconds of processor", seconds, most=0.2, baseline="minutes with ray"),
        Figure("B13", "first three areas as published, of 3", inside, 3, 3),
    ]


def _holds(region: Region, point: tuple[int, int]) -> bool:
    x, y = point
    return region.left <= x <= region.right and region.top <= y <= region.bottom


def _planted(n_worlds: int) -> list[Figure]:
    found, correlation, alarms = {"isolated": [], "clusters": []}, [], []
    by_size = {"isolated": [], "clusters": []}
    for seed in range(n_worlds):
        for kind in found:
            field = plant_anomalies(kind, seed=seed)
            scores = score_positions(field.positions, field.areas, field.shape)
            score = scores.isolation if kind == "isolated" else scores.crowding
            found[kind].append(average_precision_score(field.is_planted, score))
            by_size[kind].append(average_precision_score(field.is_planted, field.areas))
            correlation.append(abs(float(spearmanr(score, field.areas)[0])))
        field = plant_anomalies("none", seed=seed)
        scores = score_positions(field.positions, field.areas, field.shape)
        alarms.append([np.mean(scores.isolation_p <= 0.05), np.mean(scores.crowding_p <= 0.05)])
    isolation, crowding = 100 * np.mean(alarms, axis=0)
    others = {kind: f"{np.mean(values):.2f} by area" for kind, values in by_size.items()}
    return [
        Figure(
            "B11",
            f"{n_worlds} planted fields, isolated, AP",
            float(np.mean(found["isolated"])),
            0.95,
            baseline=others["isolated"],
        ),
        Figure("B11", "clusters, AP", float(np.mean(found["clusters"])), 0.85, baseline=others["clusters"]),
        Figure("B11", "rank correlation with area", float(np.mean(correlation)), most=0.10, baseline=".996 MLography"),
        Figure("B11", "false alarms of isolation at p = .05, %", float(isolation), 3, 7),
        Figure("B11", "false alarms of crowding at p = .05, %", float(crowding), 3, 7),
    ]


def _shapes(path: Path, scans: list[Path]) -> list[Figure]:
    def describe(scan: Path) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        labels, centroids, _ = find_mlography_objects(read_grey(scan) < 128)
        ids, silhouettes, roundness = describe_silhouettes(labels, smallest_px=51)
        return silhouettes, roundness, centroids[ids - 1]

    described = [describe(scan) for scan in scans]
    # Scans in turn, so that both halves hold all kinds.
    training, kept = described[::4][:N_TRAINING], [item for index, item in enumerate(described) if index % 4]
    X, roundness = (np.concatenate([item[part] for item in training]) for part in (0, 1))
    where, _, shape = _read(path)
    silhouettes, circle, centroids = describe(path.with_suffix(".png"))
    gap, index = cKDTree(where).query(centroids)
    known = (gap < 1) & np.isfinite(shape[index])
    is_unusual = shape[index][known] >= SATURATED
    figures = []
    dictionary = learn_shapes(X, roundness=roundness)
    scores = score_shapes(silhouettes, circle, dictionary)
    figures.append(
        Figure(
            "B12",
            f"published map, {known.sum()} objects, AUC",
            float(roc_auc_score(is_unusual, scores.residual[known])),
            0.985,
            baseline=f"{roc_auc_score(is_unusual, 1 - circle[known]):.3f} by the circle",
        )
    )
    kept_X, kept_round = (np.concatenate([item[part] for item in kept]) for part in (0, 1))
    clear = (kept_round >= 0.7) | (kept_round < 0.45)
    rule = score_shapes(kept_X[clear], kept_round[clear], dictionary).residual
    free = score_shapes(kept_X[clear], kept_round[clear], learn_shapes(X)).residual
    is_far = kept_round[clear] < 0.45
    figures.append(Figure("B12", f"{len(kept)} other scans, rule, AUC", float(roc_auc_score(is_far, rule)), 0.995))
    figures.append(Figure("B12", "the same without the rule, AUC", float(roc_auc_score(is_far, free)), 0.95))
    return figures


def _areas(scans: list[Path]) -> list[Figure]:
    seconds, scores, empty = [], [], 0
    for path in scans:
        image = read_grey(path)
        start = process_time()
        _, centroids, boxes = find_mlography_objects(image < 128)
        regions = scan_areas(centroids, boxes[:, 4], image.shape)
        seconds.append(process_time() - start)
        scores += [region.score for region in regions]
        empty += not len(boxes)
    ranks = percentiles(scores, scores)
    return [
        Figure(
            "B13",
            f"{len(scans)} scans ({empty} empty), seconds of processor a scan, median",
            float(np.median(seconds)),
            most=1.0,
            baseline="minutes with ray",
        ),
        Figure(
            "B13", "percentiles over all scans, first and last together", float(ranks.min() + ranks.max()), 99.9, 100.1
        ),
    ]
