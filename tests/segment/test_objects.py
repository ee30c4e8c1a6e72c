from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage.measure import label, perimeter_crofton, regionprops

from segment.evaluate import match_objects, score_objects
from segment.objects import (
    find_objects,
    measure_objects,
    size_density,
    size_distribution,
    split_touching,
    trace_outlines,
)
from segment.objects.find import drop_small, find_mask, find_polarity
from segment.objects.hulls import shoelace
from segment.objects.split import noise_level, renumber
from segment.records import Table


def disc(shape: tuple[int, int], y: float, x: float, r: float) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= r * r


def blobs(seed: int, shape: tuple[int, int] = (60, 70)) -> np.ndarray:
    return label(gaussian_filter(np.random.default_rng(seed).normal(size=shape), 2) > 0.1, connectivity=1)


def draw(centres: list[tuple[float, float]], r: float, shape: tuple[int, int] = (80, 80)) -> np.ndarray:
    return np.any([disc(shape, y, x, r) for y, x in centres], axis=0)


@pytest.mark.parametrize("seed", range(3))
def test_measures_are_those_of_scikit_image(seed):
    labels = blobs(seed)
    table = measure_objects(labels).table
    regions = regionprops(labels)
    assert table["label"].tolist() == [region.label for region in regions]
    for ours, theirs in (
        ("area_px", "area"),
        ("diameter_px", "equivalent_diameter_area"),
    ):
        np.testing.assert_allclose(table[ours], [getattr(region, theirs) for region in regions], atol=1e-9)
    # The moments of a pixel itself, 1 / 12, are not in theirs: a line would have no width.
    for ours, theirs in (("major_px", "axis_major_length"), ("minor_px", "axis_minor_length")):
        axes = np.array([getattr(region, theirs) for region in regions])
        np.testing.assert_allclose(table[ours], np.sqrt(axes**2 + 16 / 12))
    np.testing.assert_allclose(table["y_px"], [region.centroid[0] for region in regions])
    np.testing.assert_allclose(table["x_px"], [region.centroid[1] for region in regions])
    expected = [perimeter_crofton(labels == region.label, directions=4) for region in regions]
    np.testing.assert_allclose(table["perimeter_px"], expected)


def test_a_rectangle_has_the_feret_diameters_of_its_sides_and_its_diagonal():
    labels = np.zeros((30, 40), dtype=np.int32)
    labels[5:8, 4:24] = 1
    table = measure_objects(labels).table
    assert table["feret_max_px"][0] == pytest.approx(np.hypot(3, 20))
    assert table["feret_min_px"][0] == pytest.approx(3)
    assert table["solidity"][0] == pytest.approx(1)
    assert table["orientation_deg"][0] == pytest.approx(0)


@pytest.mark.parametrize(("angle", "expected"), [(30, 30), (90, 90), (120, -60), (179, -1)])
def test_orientation_turns_anticlockwise_as_seen(angle, expected):
    y, x = np.mgrid[:101, :101] - 50
    turned = np.radians(angle)
    along, across = x * np.cos(turned) - y * np.sin(turned), x * np.sin(turned) + y * np.cos(turned)
    table = measure_objects(((along / 40) ** 2 + (across / 10) ** 2 < 1).astype(int)).table
    assert table["orientation_deg"][0] == pytest.approx(expected, abs=0.5)
    assert table["aspect"][0] == pytest.approx(4, rel=0.02)


@given(st.integers(0, 50))
def test_turning_an_image_keeps_sizes_and_shapes(seed):
    labels = blobs(seed, (30, 40))
    before = measure_objects(labels).table
    after = measure_objects(renumber(np.rot90(labels))).table
    for name in ("area_px", "perimeter_px", "feret_max_px", "feret_min_px", "circularity", "edge_weight", "minor_px"):
        np.testing.assert_allclose(np.sort(before[name]), np.sort(after[name]), rtol=1e-9)


def test_micrometres_stand_beside_pixels():
    labels = label(disc((40, 40), 20, 20, 9))
    table = measure_objects(labels, pixel_size_um=0.5).table
    assert table["area_um2"][0] == pytest.approx(table["area_px"][0] / 4)
    assert table["feret_max_um"][0] == pytest.approx(table["feret_max_px"][0] / 2)
    assert not any(name.endswith("um") for name in measure_objects(labels).table.columns)


def test_edge_weights_restore_the_mean_size_of_a_field():
    # Discs thrown anywhere; large ones are cut more often, which a plain mean does not know.
    rng = np.random.default_rng(1)
    counts, weights = np.zeros(2), np.zeros(2)
    for _ in range(300):
        for index, r in enumerate((2, 12)):
            y, x = rng.uniform(-20, 84, 2)
            table = measure_objects(disc((64, 64), y, x, r).astype(int), shape=False).table
            if len(table) and not table["touches_edge"][0]:
                counts[index] += 1
                weights[index] += table["edge_weight"][0]
    assert counts[1] / counts[0] < 0.6
    assert weights[1] / weights[0] == pytest.approx(1, abs=0.2)


def test_grey_levels_are_those_of_the_object():
    labels = np.array([[1, 1, 0], [0, 2, 2]])
    image = np.array([[1.0, 3.0, 9.0], [9.0, 4.0, 4.0]])
    table = measure_objects(labels, image).table
    assert table["grey_mean"].tolist() == [2, 4]
    assert table["grey_std"].tolist() == [1, 0]
    assert table["grey_max"].tolist() == [3, 4]


def test_no_object_is_a_table_without_rows():
    objects = measure_objects(np.zeros((5, 6), dtype=int), np.zeros((5, 6)))
    assert len(objects) == 0
    assert objects.table.to_csv().startswith("label,")


@pytest.mark.parametrize(
    ("labels", "more", "word"),
    [
        (np.zeros((2, 2)), {}, "labels"),
        (np.full((2, 2), -1), {}, "labels"),
        (np.ones((2, 2), dtype=int), {"image": np.zeros((3, 2))}, "image"),
        (np.ones((2, 2), dtype=int), {"pixel_size_um": 0.0}, "pixel_size_um"),
    ],
)
def test_wrong_input_is_named(labels, more, word):
    with pytest.raises(ValueError, match=f"^{word}"):
        measure_objects(labels, **more)


def test_touching_discs_are_parted_where_they_touch():
    labels = split_touching(draw([(20, 20), (20, 37), (60, 60)], 10))
    assert labels.max() == 3
    assert labels[20, 20] != labels[20, 37]
    assert set(np.unique(labels[:, 28:30])) == {0, labels[20, 20], labels[20, 37]}


def test_an_ellipse_and_a_rough_disc_stay_whole():
    y, x = np.mgrid[:80, :80] - 40.0
    angle = np.arctan2(y, x)
    assert split_touching((y / 12) ** 2 + (x / 30) ** 2 < 1).max() == 1
    assert split_touching(np.hypot(y, x) < 25 + np.sin(9 * angle)).max() == 1


def test_a_line_in_the_image_parts_what_the_outline_does_not():
    mask = np.zeros((70, 70), dtype=bool)
    mask[15:35, 10:60] = mask[15:60, 10:30] = True
    image = np.where(mask, 0.8, 0.2)
    image[15:35, 39:41] = 0.5
    image += np.random.default_rng(0).normal(scale=0.02, size=image.shape)
    whole = split_touching(mask).max()
    assert split_touching(mask, image).max() == whole + 1
    assert split_touching(mask, 1 - image, polarity="dark").max() == whole + 1
    assert split_touching(mask, np.where(mask, 0.8, 0.2)).max() == whole


def test_lines_across_a_convex_object_are_its_grain():
    mask = np.zeros((60, 60), dtype=bool)
    mask[15:45, 10:50] = True
    image = np.where(mask, 0.8, 0.2)
    image[15:45, 29:31] = 0.5
    assert split_touching(mask, image).max() == 1


def test_lines_that_cut_into_crumbs_are_grain():
    mask = np.zeros((90, 90), dtype=bool)
    mask[10:50, 10:80] = mask[10:80, 10:50] = True
    y, x = np.mgrid[:90, :90]
    image = np.where(mask, 0.8 - 0.3 * ((x % 9 < 2) | (y % 9 < 2)), 0.2)
    assert split_touching(mask, image).max() == split_touching(mask).max()


def test_noise_makes_no_lines():
    rng = np.random.default_rng(2)
    mask = disc((80, 80), 40, 40, 25)
    assert split_touching(mask, np.where(mask, 0.6, 0.4) + rng.normal(scale=0.1, size=mask.shape)).max() == 1


def test_texture_makes_no_lines():
    y, x = np.mgrid[:100, :160]
    mask = draw([(50, 45), (50, 112)], 36, (100, 160)) | (np.abs(y - 50) < 20) & (np.abs(x - 80) < 30)
    rng = np.random.default_rng(3)
    grain = gaussian_filter(rng.normal(size=mask.shape), 2)
    image = np.where(mask, 0.7 + 0.1 * grain / grain.std(), 0.2)
    assert split_touching(mask, image, waist=0.1).max() == 2


def test_outlines_of_wide_objects_may_be_rough():
    y, x = np.mgrid[:240, :240] - 120.0
    angle = np.arctan2(y / 0.5, x)
    mask = np.hypot(y / 0.5, x) < 90 + 8 * np.sin(6 * angle)
    assert split_touching(mask).max() > 1
    assert split_touching(mask, waist=0.1).max() == 1
    assert split_touching(draw([(20, 20), (20, 37), (60, 60)], 10), waist=0.1).max() == 3


def test_holes_between_objects_separate_them_and_holes_within_are_filled():
    centres = [(60.0, 60.0), (60.0, 100.0), (100.0, 60.0), (100.0, 100.0)]
    mask = draw(centres, 20.5, (150, 220)) | draw([(60, 170)], 24, (150, 220))
    image = np.where(mask & ~disc(mask.shape, 60, 170, 12), 0.8, 0.2)
    labels = find_objects(image)
    assert labels.max() == 5
    assert labels[60, 170] == labels[60, 150] > 0
    assert labels[80, 80] == 0
    assert len({int(labels[int(y), int(x)]) for y, x in centres}) == 4
    gaps = find_mask(image, "bright")[1]
    assert gaps[80, 80]
    assert not gaps[60, 170]


@pytest.mark.parametrize(
    ("more", "word"),
    [({"depth": -1.0}, "depth"), ({"waist": 2.0}, "waist"), ({"gaps": np.zeros((2, 2), dtype=bool)}, "gaps")],
)
def test_wrong_ways_to_part_are_named(more, word):
    with pytest.raises(ValueError, match=f"^{word}"):
        split_touching(np.ones((5, 5), dtype=bool), **more)


def test_every_pixel_of_a_mask_has_an_id_in_reading_order():
    mask = blobs(4) > 0
    labels = split_touching(mask)
    np.testing.assert_array_equal(labels > 0, mask)
    ids, first = np.unique(labels[labels > 0], return_index=True)
    np.testing.assert_array_equal(ids, np.arange(1, labels.max() + 1))
    assert (np.diff(first) > 0).all()


def test_noise_is_measured_whatever_lies_below():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:200, :200]
    image = 0.01 * y + 0.02 * x + disc((200, 200), 90, 90, 40)
    assert noise_level(image + rng.normal(scale=0.05, size=image.shape)) == pytest.approx(0.05, rel=0.05)


@pytest.mark.parametrize("polarity", ["bright", "dark"])
def test_objects_of_either_polarity_are_found(polarity):
    truth = label(draw([(20, 20), (20, 37), (60, 60), (55, 20)], 9))
    truth = split_touching(truth > 0)
    image = np.where(truth > 0, 0.7, 0.4) + np.random.default_rng(0).normal(scale=0.03, size=truth.shape)
    image = image if polarity == "bright" else 1 - image
    assert find_polarity(image) == polarity
    scores = score_objects(find_objects(image), truth)
    assert scores.n_matched == scores.n_found == scores.n_true == 4
    assert scores.dice > 0.96


def test_nothing_is_found_where_nothing_is():
    noise = np.random.default_rng(0).normal(scale=0.1, size=(90, 90))
    assert find_objects(noise).max() == 0
    assert find_objects(np.zeros((20, 20))).max() == 0


def test_dirt_is_dropped_by_area():
    labels = label(disc((60, 60), 30, 30, 12) | disc((60, 60), 5, 5, 1))
    assert labels.max() == 2
    assert drop_small(labels).max() == 1
    assert drop_small(labels, 1).max() == 2
    assert drop_small(labels, 1000).max() == 0


@pytest.mark.parametrize("r", [5.0, 6.3, 9.7])
@pytest.mark.parametrize("contrast", [0.6, -0.6])
def test_outlines_lie_between_pixels(r, contrast):
    fine = gaussian_filter(disc((400, 400), 199.5, 199.5, 10 * r).astype(float), 12)
    image = 0.5 + contrast * (fine.reshape(40, 10, 40, 10).mean(axis=(1, 3)) - 0.5)
    mask = image > 0.5 if contrast > 0 else image < 0.5
    (outline,) = trace_outlines(label(mask), image)
    radii = np.hypot(*(outline.points - 20).T)
    assert np.sqrt(shoelace(outline.points) / np.pi) == pytest.approx(r - 1.2**2 / (2 * r), abs=0.06)
    assert radii.std() < 0.1
    assert np.array_equal(outline.points[0], outline.points[-1])


def test_outlines_of_objects_that_touch_or_are_cut_keep_to_their_labels():
    labels = np.zeros((20, 20), dtype=np.int32)
    labels[:10, :8], labels[:10, 8:] = 1, 2
    image = np.where(labels == 1, 0.9, 0.7)
    first, second = trace_outlines(labels, image)
    assert first.points[:, 0].max() == pytest.approx(8)
    assert second.points[:, 0].min() == pytest.approx(8)
    assert first.points.min() == 0


def test_mean_diameters_and_percentiles_of_one_size():
    sizes = size_distribution(np.full(50, 7.0))
    assert [mean.value for mean in sizes.means] == pytest.approx([7, 7, 7])
    assert sizes.percentiles == pytest.approx({"x10": 7, "x50": 7, "x90": 7})
    assert sizes.is_sufficient


def test_a_weight_of_two_counts_as_two_objects():
    weighted = size_distribution([1.0, 2.0, 4.0], [1, 2, 1])
    doubled = size_distribution([1.0, 2.0, 2.0, 4.0])
    assert [mean.value for mean in weighted.means] == pytest.approx([mean.value for mean in doubled.means])


def test_volume_percentiles_of_a_lognormal_follow_hatch_and_choate():
    x = np.exp(np.log(10) + 0.4 * np.random.default_rng(0).normal(size=40_000))
    by_volume = size_distribution(x, quantity="volume").percentiles["x50"]
    assert by_volume == pytest.approx(10 * np.exp(3 * 0.4**2), rel=0.03)


def test_intervals_of_mean_diameters_cover_the_truth():
    rng = np.random.default_rng(0)
    truth = [10 * np.exp((p + q) * 0.3**2 / 2) for p, q in ((1, 0), (3, 2), (4, 3))]
    hits = np.zeros(3)
    for _ in range(400):
        sizes = size_distribution(np.exp(np.log(10) + 0.3 * rng.normal(size=200)))
        hits += [abs(mean.value - value) <= mean.ci95 for mean, value in zip(sizes.means, truth, strict=True)]
    assert (hits / 400 > 0.86).all()
    assert (hits / 400 < 0.99).all()


def test_the_number_needed_reaches_five_percent():
    rng = np.random.default_rng(3)
    many = size_distribution(np.exp(0.4 * rng.normal(size=4000)))
    needed = many.means[1].n_needed
    assert 200 < needed < 4000
    assert not many.is_sufficient
    enough = size_distribution(np.exp(0.4 * rng.normal(size=needed)))
    assert enough.means[1].ci95 / enough.means[1].value == pytest.approx(0.05, rel=0.3)
    assert size_distribution(np.exp(0.2 * rng.normal(size=4000))).is_sufficient


@pytest.mark.parametrize("quantity", ["number", "volume"])
def test_densities_integrate_to_one(quantity):
    grid = np.geomspace(0.5, 200, 800)
    density = size_density(np.array([3.0, 10, 11, 12]), grid, quantity=quantity)
    assert np.trapezoid(density, np.log(grid)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("diameters", "more", "word"),
    [([], {}, "diameters"), ([1, -1], {}, "diameters"), ([1], {"weights": [1, 2]}, "weights"),
     ([1], {"quantity": "mass"}, "quantity")],
)  # fmt: skip
def test_wrong_diameters_are_named(diameters, more, word):
    with pytest.raises(ValueError, match=word):
        size_distribution(diameters, **more)


def test_matching_is_one_to_one_and_by_overlap():
    truth = np.zeros((1, 20), dtype=int)
    truth[0, :10], truth[0, 10:] = 1, 2
    found = np.zeros((1, 20), dtype=int)
    found[0, :6], found[0, 6:10], found[0, 10:19] = 5, 6, 7
    assert match_objects(found, truth) == [(7, 2, 0.9), (5, 1, 0.6)]
    scores = score_objects(found, truth)
    assert scores.f1 == pytest.approx(4 / 5)
    assert scores.count_error == pytest.approx(0.5)
    assert scores.mean_area_error == pytest.approx(19 / 3 / 10 - 1)


def test_tables_have_one_length_and_say_which_columns_there_are():
    with pytest.raises(ValueError, match="one length"):
        Table({"a": np.zeros(2), "b": np.zeros(3)})
    table = Table({"a": np.array([1.5, np.nan]), "b": np.array([True, False]), "c": np.array(["x", "y"])})
    assert table.to_csv() == "a,b,c\n1.5,1,x\n,0,y\n"
    assert list(table.rows())[1] == {"a": None, "b": False, "c": "y"}
    with pytest.raises(KeyError, match="there are a, b, c"):
        table["d"]
