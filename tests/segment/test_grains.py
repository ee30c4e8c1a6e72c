from __future__ import annotations

import math

import numpy as np
import pytest
import tifffile

from segment.grains import (
    OpenNetworkError,
    count_grains,
    estimate_grain_size,
    grain_size_number,
    has_long_grains,
    iso_grain_size_number,
    measure_intercepts,
    read_boundaries,
    size_by_count,
    size_by_direction,
    size_by_intercepts,
    trace_network,
)
from segment.samples import make_grains

TABLE = [
    (0, 7.75, 129032.0, 320.0),
    (1, 15.50, 64516.0, 226.3),
    (5, 248.0, 4032.3, 56.6),
    (8, 1984.0, 504.0, 20.0),
    (10, 7936.0, 126.0, 10.0),
    (12, 31744.0, 31.5, 5.0),
]


@pytest.mark.parametrize(("G", "per_mm2", "area", "intercept"), TABLE)
def test_the_table_of_e112(G, per_mm2, area, intercept):
    assert grain_size_number(grains_per_mm2=per_mm2) == pytest.approx(G, abs=0.005)
    assert grain_size_number(mean_area_um2=area) == pytest.approx(G, abs=0.005)
    assert grain_size_number(mean_intercept_um=intercept) == pytest.approx(G, abs=0.005)


def test_iso_and_square_inches():
    assert iso_grain_size_number(grains_per_mm2=8.0) == 0
    assert iso_grain_size_number(mean_intercept_um=20.0) == pytest.approx(8, abs=0.005)
    assert grain_size_number(grains_per_square_inch=25, magnification=75) == pytest.approx(4.81, abs=0.005)


@pytest.mark.parametrize("given", [{}, {"grains_per_mm2": 1.0, "mean_area_um2": 1.0}, {"grains_per_mm2": 0.0}])
def test_g_needs_one_positive_quantity(given):
    with pytest.raises(ValueError, match="exactly one|positive"):
        grain_size_number(**given)


def test_the_interval_of_equal_fields_is_that_of_students_t():
    size = estimate_grain_size(
        [52, 48, 50, 47, 53], [1.0] * 5, quantity="P_L", method="m", convention="e112", n_fields=5
    )
    assert size.value == 50
    assert size.ci95 == pytest.approx(2.776 * np.std([52, 48, 50, 47, 53], ddof=1) / math.sqrt(5), rel=1e-3)
    assert size.G == pytest.approx(grain_size_number(mean_intercept_um=20.0))
    assert size.G_low is not None
    assert size.G_high is not None
    assert size.G_low < size.G < size.G_high
    assert size.notes == ()


def test_fewer_fields_than_asked_are_said_with_the_number_that_would_do():
    size = estimate_grain_size([40, 80], [1.0, 1.0], quantity="P_L", method="m", convention="e112", n_fields=2)
    assert any("2 fields" in note and "at least 5" in note for note in size.notes)
    assert any("such fields would do" in note for note in size.notes)


def test_nist_lengths_are_reproduced_to_the_digit(shared_data):
    folder = shared_data / "grain-size"
    maps = sorted(folder.glob("*_segmented.tif"))
    if not maps:
        pytest.skip("no grain-size/*_segmented.tif in the shared data")
    for path in maps:
        field = tifffile.imread(path) > 0
        stem = str(path).removesuffix("_segmented.tif")
        for pattern, suffix in (("circles", "e112"), ("grid", "line_grid")):
            known = np.loadtxt(f"{stem}_distances_{suffix}.csv", delimiter=",", skiprows=1)
            found = measure_intercepts(field, pattern=pattern, convention="nist")
            angles = found.piece_lines + 1 if pattern == "circles" else 45.0 * found.piece_lines
            straight = [
                np.isin(values, [0, 90, 180]) if pattern == "grid" else values > 0 for values in (angles, known[:, 0])
            ]
            np.testing.assert_allclose(found.pieces_px[straight[0]], known[straight[1], 1], atol=1e-9)


def test_nist_leaves_the_boundary_width_and_short_pieces_out():
    field = np.zeros((3, 40), bool)
    field[:, [5, 6, 16, 17, 20, 35]] = True
    found = measure_intercepts(field, pattern="grid", convention="nist", angles_deg=[0], spacing_px=1)
    assert sorted(set(found.pieces_px)) == [9, 14]
    assert found.mean_px == pytest.approx(11.5)


def test_crossings_of_straight_boundaries_are_counted_by_hand():
    labels = np.repeat(np.arange(1, 6), 20)[None].repeat(60, axis=0)
    found = measure_intercepts(labels, angles_deg=[0], spacing_px=10)
    assert found.counts.tolist() == [4.0] * 6
    assert found.lengths_px.tolist() == [100.0] * 6
    assert found.mean_px == 25
    assert set(found.pieces_px) == {20.0}
    assert measure_intercepts(labels, angles_deg=[90], spacing_px=7).mean_px == math.inf


@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_the_width_of_a_boundary_neither_adds_nor_hides(width):
    field = np.zeros((60, 120), bool)
    for column in (30, 60, 90):
        field[:, column : column + width] = True
    found = measure_intercepts(field, angles_deg=[0], spacing_px=10)
    assert set(found.counts) == {3.0}
    assert set(found.pieces_px) == {30.0}


def test_a_line_that_ends_on_a_boundary_counts_half():
    labels = np.ones((10, 40), int)
    labels[:, 15:18] = 0
    labels[:, 36:] = 0
    labels[:, 18:36] = 2
    assert measure_intercepts(labels, angles_deg=[0], spacing_px=5).counts.tolist() == [1.5, 1.5]


def test_an_open_boundary_is_crossed_once():
    field = np.zeros((60, 60), bool)
    field[:40, 30] = True
    found = measure_intercepts(field, angles_deg=[0], spacing_px=20)
    assert found.counts.tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize(("pattern", "width"), [("grid", 0), ("circles", 2), ("lines", 4)])
def test_the_mean_intercept_of_random_cells_is_the_known_one(pattern, width):
    counts = lengths = 0.0
    for seed in range(4):
        sample = make_grains((256, 256), grain_px=26, seed=seed)
        field = sample.distance_px <= width / 2 if width else sample.labels
        found = measure_intercepts(field, pattern=pattern)
        counts, lengths = counts + found.counts.sum(), lengths + found.lengths_px.sum()
    assert lengths / counts == pytest.approx(sample.mean_intercept_px, rel=0.08)


@pytest.mark.parametrize("method", ["saltykov", "jeffries", "triple_points"])
def test_the_number_of_random_cells_is_the_known_one(method):
    found = [count_grains(make_grains((320, 320), grain_px=20, seed=seed).labels, method=method) for seed in range(4)]
    density = sum(item.equivalent for item in found) / sum(item.area_px2 for item in found)
    assert density == pytest.approx(1 / 20**2, rel=0.08)


def test_saltykov_and_triple_points_by_hand():
    labels = np.kron(np.arange(1, 10).reshape(3, 3), np.ones((10, 10), int))
    found = count_grains(labels)
    assert (found.inside, found.cut, found.corners, found.equivalent) == (1, 4, 4, 4.0)
    assert count_grains(labels, method="triple_points").equivalent == 4.0


def test_one_grain_and_grains_cut_by_all_edges():
    assert count_grains(np.ones((20, 20), int)).equivalent == 1
    with pytest.raises(ValueError, match="no boundary was crossed"):
        size_by_intercepts([np.ones((20, 20), int)], pixel_size_um=1.0)
    halves = np.repeat([1, 2], 10)[None].repeat(20, axis=0)
    assert count_grains(halves).equivalent == 1
    assert measure_intercepts(halves, angles_deg=[0]).mean_px == 20


def test_an_open_network_is_refused_with_its_open_ends():
    field = np.zeros((100, 100), bool)
    field[50, :80] = True
    field[20, 20:60] = True
    network = trace_network(field)
    assert len(network.open_ends) == 3
    with pytest.raises(OpenNetworkError, match="3 open ends"):
        count_grains(network)
    with pytest.raises(OpenNetworkError, match="3 open ends"):
        size_by_count([field], pixel_size_um=1.0)
    assert size_by_intercepts([field], pixel_size_um=1.0).value > 0


@pytest.mark.parametrize("width", [1, 3, 6])
def test_ends_junctions_and_width_of_a_cross(width):
    field = np.zeros((90, 90), bool)
    field[40 : 40 + width, :] = True
    field[20:70, 40 : 40 + width] = True
    network = trace_network(field)
    assert len(network.open_ends) == 2
    assert network.n_grains == 2
    assert len(network.triple_points) == 2
    assert network.width_px == pytest.approx(width, rel=0.15)


def test_boundaries_are_read_either_way_round():
    sample = make_grains((96, 96), grain_px=24, width_px=3)
    drawn = np.where(sample.boundaries, 255, 0).astype(np.uint8)
    noise = np.random.default_rng(0).integers(-6, 7, drawn.shape)
    jpeg = np.clip(drawn.astype(int) + noise, 0, 255).astype(np.uint8)
    for mask in (drawn, 255 - drawn, drawn > 0, jpeg, np.dstack([drawn] * 3), np.dstack([255 - jpeg] * 4)):
        assert (read_boundaries(mask) == sample.boundaries).all()
    assert not read_boundaries(np.full((5, 5), 255, np.uint8)).any()
    assert not read_boundaries(np.zeros((1, 1), np.uint8)).any()


@pytest.mark.parametrize("mask", [np.zeros(5), np.zeros((2, 2, 7)), np.full((3, 3), np.nan), np.zeros((0, 4))])
def test_what_is_no_mask_is_refused(mask):
    with pytest.raises(ValueError, match="mask must"):
        read_boundaries(mask)


def test_no_pixel_size_no_g():
    labels = make_grains((64, 64), grain_px=16).labels
    for pixel_size in (None, 0.0, math.nan):
        with pytest.raises(ValueError, match="pixel_size_um"):
            size_by_intercepts([labels], pixel_size_um=pixel_size)
    with pytest.raises(ValueError, match="at least one field"):
        size_by_count([], pixel_size_um=1.0)


def test_long_grains_have_a_size_in_each_direction():
    fields = [make_grains((200, 200), grain_px=16, stretch=3, seed=seed).labels for seed in range(3)]
    sizes = size_by_direction(fields, pixel_size_um=1.0)
    intercepts = [sizes[angle].mean_intercept_um for angle in (0.0, 90.0)]
    assert intercepts[0] / intercepts[1] == pytest.approx(3, rel=0.2)
    assert has_long_grains(sizes)
    even = [make_grains((200, 200), grain_px=16, seed=seed).labels for seed in range(3)]
    assert not has_long_grains(size_by_direction(even, pixel_size_um=1.0, angles_deg=[0, 90]))


def test_the_interval_covers_as_often_as_it_says():
    hits = []
    for draw in range(30):
        fields = [make_grains((110, 110), grain_px=22, seed=1000 + 5 * draw + part).labels for part in range(5)]
        size = size_by_intercepts(fields, pixel_size_um=1.0)
        hits.append(abs(size.value - 1000 / (math.pi / 4 * 22)) <= size.ci95)
    # 28 or 29 are expected; fewer than 25 come by chance once in a hundred times.
    assert sum(hits) >= 25


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"pattern": "spiral"}, "pattern"), ({"convention": "din"}, "convention"), ({"spacing_px": 0.5}, "spacing_px")],
)
def test_unknown_ways_are_refused_with_those_that_are_known(arguments, named):
    with pytest.raises(ValueError, match=named):
        measure_intercepts(np.ones((8, 8), int), **arguments)
    with pytest.raises(ValueError, match="needs boundaries"):
        measure_intercepts(np.ones((8, 8), int), convention="nist")


def test_mlography_takes_the_mean_of_the_means_of_random_lines():
    field = np.zeros((200, 200), bool)
    field[:, 10::40] = True
    field[10::40] = True
    found = measure_intercepts(field, convention="mlography")
    assert len(found.lines) == 10
    assert found.mean_px == pytest.approx(np.mean(found.lengths_px / found.counts))
    assert found.mean_px == measure_intercepts(field, convention="mlography").mean_px
