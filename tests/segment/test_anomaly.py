from __future__ import annotations

import csv

import cv2
import numpy as np
import pytest
from scipy.stats import spearmanr

from segment.anomaly import (
    describe_silhouettes,
    find_mlography_objects,
    learn_shapes,
    percentiles,
    pool_silhouettes,
    scan_areas,
    score_like_mlography,
    score_positions,
    score_shapes,
)
from segment.anomaly.positions import _cut_discs, _Field
from segment.samples import plant_anomalies


def average_precision(is_true, score):
    hits = is_true[np.argsort(-score, kind="stable")]
    return (np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean()


@pytest.mark.parametrize(("kind", "least"), [("isolated", 0.95), ("clusters", 0.85)])
def test_planted_places_are_found_and_size_plays_no_part(kind, least):
    found = []
    for seed in range(2):
        field = plant_anomalies(kind, seed=seed)
        scores = score_positions(field.positions, field.areas, field.shape)
        score = scores.isolation if kind == "isolated" else scores.crowding
        assert abs(spearmanr(score, field.areas)[0]) <= 0.10
        found.append(average_precision(field.is_planted, score))
    assert np.mean(found) >= least - 0.02


def test_huge_objects_are_found_by_size_and_by_nothing_else():
    field = plant_anomalies("huge", seed=1)
    scores = score_positions(field.positions, field.areas, field.shape)
    assert average_precision(field.is_planted, scores.size) > 0.8
    assert average_precision(field.is_planted, scores.isolation) < 0.2
    assert scores.size_p[field.is_planted].max() < 0.05


def test_random_fields_raise_one_false_alarm_in_twenty():
    alarms = []
    for seed in range(4):
        field = plant_anomalies("none", n=600, seed=seed)
        scores = score_positions(field.positions, field.areas, field.shape)
        alarms.append([np.mean(scores.isolation_p <= 0.05), np.mean(scores.crowding_p <= 0.05)])
    assert np.mean(alarms, axis=0) == pytest.approx([0.05, 0.05], abs=0.02)


def test_discs_are_cut_by_the_edges():
    where = np.array([[50.0, 50.0], [0.0, 50.0], [0.0, 0.0], [50.0, 50.0]])
    radius = np.array([[10.0], [10.0], [10.0], [200.0]])
    disc = np.pi * 100
    assert _cut_discs(where, radius, _Field.of((100, 100), None))[:, 0] == pytest.approx(
        [disc, disc / 2, disc / 4, 10_000], rel=1e-3
    )


def test_few_objects_say_nothing():
    for n in (0, 1):
        scores = score_positions(np.full((n, 2), 5.0), np.ones(n), (10, 10))
        assert scores.isolation.tolist() == [0.0] * n
        assert scores.isolation_p.tolist() == [1.0] * n


@pytest.mark.parametrize(
    ("positions", "areas", "named"),
    [([[5, 5]], [1, 2], "positions need"), ([[50, 5]], [1], "lie in the field"), ([[5, 5]], [0], "areas must")],
)
def test_what_does_not_fit_is_refused(positions, areas, named):
    with pytest.raises(ValueError, match=named):
        score_positions(positions, areas, (10, 10))


def test_the_published_map_of_mlography(shared_data):
    folder = shared_data / "mlography-published"
    tables = sorted(folder.glob("*.csv"))
    if not tables:
        pytest.skip("no mlography-published/*.csv in the shared data")
    image = cv2.imread(str(tables[0].with_suffix(".png")), cv2.IMREAD_GRAYSCALE)
    _, centroids, boxes = find_mlography_objects(image < 128)
    score = score_like_mlography(boxes)
    with tables[0].open() as file:
        rows = [row for row in csv.DictReader(file) if row["published_spatial"]]
    published = {
        (round(float(row["y"]), 2), round(float(row["x"]), 2)): float(row["published_spatial"]) for row in rows
    }
    keys = [(round(row, 2), round(column, 2)) for row, column in centroids.tolist()]
    both = np.array([(score[index], published[key]) for index, key in enumerate(keys) if key in published])
    assert len(both) > 1100
    assert spearmanr(both[:, 0], both[:, 1])[0] >= 0.985
    assert np.std(both[:, 0] - both[:, 1]) <= 0.03
    first = [
        (round(item.left), round(item.top), round(item.right), round(item.bottom))
        for item in scan_areas(centroids, boxes[:, 4], image.shape)[:3]
    ]
    for (left, top, right, bottom), (x, y) in zip(first, [(2728, 885), (775, 688), (1910, 1001)], strict=True):
        assert left <= x <= right
        assert top <= y <= bottom


def test_mlographys_score_grows_with_size():
    rng = np.random.default_rng(0)
    area = np.exp(rng.normal(5, 1, 300)).astype(int)
    boxes = np.stack([*rng.integers(0, 2000, (2, 300)), *np.sqrt([area, area]).astype(int), area], axis=1)
    assert spearmanr(score_like_mlography(boxes), area)[0] > 0.95
    assert score_like_mlography(boxes[:1]).tolist() == [0.0]


def shapes(rng, n_discs, n_needles):
    labels = np.zeros((60, 60 * (n_discs + n_needles)), int)
    rows, columns = np.ogrid[:60, :60]
    for number in range(n_discs + n_needles):
        radius = rng.uniform(7, 12)
        turn = rng.uniform(0, np.pi)
        u = (columns - 30) * np.cos(turn) + (rows - 30) * np.sin(turn)
        v = -(columns - 30) * np.sin(turn) + (rows - 30) * np.cos(turn)
        stretch = 3.0 if number >= n_discs else rng.uniform(1, 1.2)
        inside = (u / (radius * stretch**0.5)) ** 2 + (v * stretch**0.5 / radius) ** 2 < 1
        labels[:, 60 * number : 60 * (number + 1)][inside] = number + 1
    return labels


def test_needles_among_discs_have_an_unusual_shape_with_and_without_the_rule():
    labels = shapes(np.random.default_rng(0), 60, 8)
    ids, silhouettes, roundness = describe_silhouettes(labels)
    is_needle = ids > 60
    assert roundness[~is_needle].min() > 0.75
    for known in (roundness, None):
        scores = score_shapes(silhouettes, roundness, learn_shapes(silhouettes, roundness=known))
        assert average_precision(is_needle, scores.residual) > 0.95
        assert scores.p[is_needle].max() < 0.2
        assert scores.parts.sum(axis=1) == pytest.approx(np.ones(len(ids)))


def test_silhouettes_do_not_depend_on_size_direction_or_place():
    rows, columns = np.ogrid[:200, :200]
    drawn = []
    for size, turn in ((12, 0.0), (24, 0.7)):
        u = (columns - 99) * np.cos(turn) + (rows - 90) * np.sin(turn)
        v = -(columns - 99) * np.sin(turn) + (rows - 90) * np.cos(turn)
        drawn.append((((u / 2) ** 2 + v**2) < size**2).astype(int))
    silhouettes, roundness = pool_silhouettes(drawn)
    assert np.abs(silhouettes[0] - silhouettes[1]).mean() < 0.05
    assert roundness == pytest.approx([0.5, 0.5], abs=0.04)


def test_shapes_of_nothing():
    assert pool_silhouettes([])[0].shape == (0, 256)
    dictionary = learn_shapes(np.random.default_rng(0).random((9, 256)))
    assert score_shapes(np.zeros((0, 256)), np.zeros(0), dictionary).residual.shape == (0,)
    with pytest.raises(ValueError, match="more ordinary silhouettes"):
        learn_shapes(np.ones((2, 256)))


def test_a_heap_is_the_first_region_and_an_empty_scan_has_none():
    rng = np.random.default_rng(0)
    positions = np.vstack([rng.uniform(0, [800, 1200], (400, 2)), rng.normal([600, 300], 10, (25, 2))])
    found = scan_areas(positions, np.ones(425), (800, 1200), n_permutations=99)
    assert found[0].top <= 600 <= found[0].bottom
    assert found[0].left <= 300 <= found[0].right
    assert found[0].p == pytest.approx(0.01)
    assert found[0].score == max(item.score for item in found)
    assert found[0].in_stage_units(0.5, (10.0, 20.0))[0] == 10 + 0.5 * found[0].left
    assert scan_areas(np.zeros((0, 2)), [], (800, 1200)) == ()
    with pytest.raises(ValueError, match="weights must"):
        scan_areas([[1, 1]], [-1.0], (10, 10))


def test_regions_of_random_fields_are_rarely_significant():
    rng = np.random.default_rng(1)
    low = [
        scan_areas(rng.uniform(0, 500, (150, 2)), rng.exponential(1, 150), (500, 500), n_permutations=39, seed=seed)[
            0
        ].p
        for seed in range(20)
    ]
    assert np.mean(np.array(low) <= 0.05) <= 0.2


def test_percentiles_of_a_set():
    assert percentiles([0.0, 2.5, 9.0], [1, 2, 3, 4]).tolist() == [0.0, 50.0, 100.0]
    with pytest.raises(ValueError, match="at least one score"):
        percentiles([1.0], [])
