from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy import ndimage

from segment.inclusions import (
    find_inclusions,
    join_stringers,
    measure_roundness,
    rate_field,
    rate_nodularity,
    rate_worst_field,
    remove_inclusions,
    severity_of,
)
from segment.measure import measure_constituent, summarise_constituent
from segment.records import Stringer
from segment.samples import draw_stringers

TABLE = [("A", 127, 436.1, 2230), ("B", 76.8, 342.7, 2476), ("C", 75.6, 320.5, 2163), ("D", 4, 16, 100)]


@pytest.mark.parametrize(("kind", "one", "two", "five"), TABLE)
def test_the_severities_of_e1122(kind, one, two, five):
    found = [severity_of(kind, total) for total in (one, two, five)]
    assert found == pytest.approx([1, 2, 5], rel=0.005)
    assert severity_of(kind, 0) == 0


@pytest.mark.parametrize(("gap", "offset", "n"), [(39, 0, 1), (41, 0, 2), (30, 14, 1), (30, 16, 2)])
@pytest.mark.parametrize("pixel_size", [0.5, 1.0])
def test_stringers_are_joined_by_the_standards_gaps(gap, offset, n, pixel_size):
    drawn = draw_stringers((float(gap),), (float(offset),), pixel_size_um=pixel_size)
    found = join_stringers(ndimage.label(drawn)[0], pixel_size_um=pixel_size)
    assert len(found) == n
    assert found[0].kind == "C"
    if n == 1:
        assert found[0].length_um == pytest.approx(120 + gap)
        assert len(found[0].members) == 2


def test_types_and_series():
    labels = np.zeros((300, 300), int)
    labels[10:70, 10:13] = 1
    labels[10:70, 100:106] = 2
    for number in range(4):
        labels[10 + 15 * number : 16 + 15 * number, 200:206] = 3 + number
    labels[200:205, 50:55] = 7
    labels[200:201, 150:151] = 8
    light = np.zeros(9, bool)
    light[1] = True
    found = join_stringers(labels, pixel_size_um=1.0, sulfide=light)
    assert [(item.kind, item.series, len(item.members)) for item in found] == [
        ("A", "thin", 1),
        ("C", "heavy", 1),
        ("B", "thin", 4),
        ("D", "thin", 1),
    ]
    ratings = {(item.kind, item.series): item for item in rate_field(found)}
    assert ratings["A", "thin"].total == 60
    assert ratings["D", "thin"].total == 1
    assert ratings["B", "thin"].severity == pytest.approx(severity_of("B", 51))


def test_severities_are_rounded_down_to_the_half():
    lines = (Stringer((1,), "A", "thin", 436.1, 3.0, (0.0, 0.0)),)
    assert rate_field(lines)[0].rounded == 2.0
    assert rate_field(lines, area_mm2=1.0)[0].total == pytest.approx(218.05)
    assert rate_field(lines, area_mm2=1.0)[0].rounded == 1.0


def test_the_worst_field_holds_the_most():
    lines = tuple(
        Stringer((n,), "A", "thin", 100.0, 3.0, point)
        for n, point in enumerate([(100.0, 100.0), (5000.0, 5000.0), (5100.0, 5300.0)])
    )
    (worst, corner), *_ = rate_worst_field(lines, (6000, 6000), pixel_size_um=1.0)
    assert worst.total == 200
    assert corner[0] <= 5000 <= 5100 <= corner[0] + 708
    assert rate_worst_field(lines, (500, 500), pixel_size_um=1.0)[0][0].total == pytest.approx(300 * 0.5 / 0.25)
    assert rate_worst_field((), (6000, 6000), pixel_size_um=1.0)[0][0].severity == 0


def test_roundness_of_forms():
    rows, columns = np.ogrid[:300, :300]
    disc = np.hypot(rows - 150, columns - 150) < 100
    ellipse = ((rows - 150) / 2) ** 2 + (columns - 150) ** 2 < 60**2
    assert measure_roundness(disc)[2] == pytest.approx(1, abs=0.02)
    assert measure_roundness(ellipse)[2] == pytest.approx(0.5, abs=0.01)
    assert measure_roundness(np.ones((90, 90), bool))[2] == pytest.approx(0.637, abs=5e-4)
    with pytest.raises(ValueError, match="must have a pixel"):
        measure_roundness(np.zeros((4, 4), bool))


def test_nodularity_is_weighted_by_area_and_leaves_out_what_is_cut_or_small():
    field = np.zeros((200, 300), bool)
    rows, columns = np.ogrid[:200, :300]
    field |= np.hypot(rows - 60, columns - 60) < 20
    field |= np.hypot(rows - 0, columns - 250) < 20
    field |= (abs(rows - 150) < 5) & (abs(columns - 150) < 60)
    field[100:103, 20:23] = True
    found = rate_nodularity(field, pixel_size_um=1.0)
    assert (found.n_graphite, found.n_nodules, found.n_small, found.n_cut) == (2, 1, 1, 1)
    assert found.percent == pytest.approx(100 * found.areas_um2[0] / found.areas_um2.sum())
    assert rate_nodularity(np.zeros((9, 9), bool), pixel_size_um=1.0).percent is None


NODULARITY = {"sample1": (86.21, 277), "sample2": (89.52, 305), "sample3": (87.73, 294)}


def test_nodularity_of_an_independent_program(shared_data):
    images = sorted((shared_data / "nodularity").glob("*.jpg"))
    if not images:
        pytest.skip("no nodularity/*.jpg in the shared data")
    for path in images:
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)
        # There 0.7 % of the width, cut to whole pixels, are the 10 um of the standard.
        found = rate_nodularity(grey <= threshold, pixel_size_um=10 / int(0.007 * grey.shape[1]))
        percent, number = NODULARITY[path.stem[:7]]
        assert found.percent == pytest.approx(percent, abs=1.5)
        assert found.n_graphite == pytest.approx(number, rel=0.02)


def test_the_table_of_imagej_is_reproduced(shared_data):
    folder = shared_data / "inclusions-imagej"
    image = cv2.imread(str(folder / "Sample_Image.jpg"), cv2.IMREAD_GRAYSCALE)
    if image is None:
        pytest.skip("no inclusions-imagej in the shared data")
    lines = (folder / "Results_from_ImageJ_Particle_Analysis.txt").read_text().splitlines()[1:]
    known = np.sort([float(line.split("\t")[2]) / 0.04 for line in lines])[::-1]
    found = find_inclusions(image)
    areas = np.sort(np.bincount(found.labels.ravel())[1:])[::-1]
    assert 69 <= found.n_inclusions <= 71
    assert areas.sum() == pytest.approx(known.sum(), rel=0.015)
    np.testing.assert_allclose(areas[:20], known[:20], rtol=0.03)
    assert found.is_clear


def blobs(noise, polarity=1, seed=0):
    rng = np.random.default_rng(seed)
    truth = np.zeros((160, 160), bool)
    rows, columns = np.ogrid[:160, :160]
    for row, column, radius in ((30, 40, 9), (90, 110, 14), (130, 30, 7)):
        truth |= np.hypot(rows - row, columns - column) < radius
    levels = 150 - polarity * 80.0 * truth + noise * rng.standard_normal(truth.shape)
    return np.clip(levels, 0, 255).astype(np.uint8), truth


@pytest.mark.parametrize("noise", [0, 10, 40])
@pytest.mark.parametrize("polarity", [1, -1])
def test_blobs_are_found_in_noise_whatever_their_contrast(noise, polarity):
    image, truth = blobs(noise, polarity)
    found = find_inclusions(image, polarity="auto")
    assert found.polarity == ("dark" if polarity > 0 else "bright")
    assert 2 * (found.mask & truth).sum() / (found.mask.sum() + truth.sum()) > 0.9
    assert found.smoothing_px == 0 or noise == 40


def test_traced_inclusions_are_found_without_labels(shared_data):
    images = sorted((shared_data / "inclusion-labels" / "images").glob("*.jpg"))[::4]
    if not images:
        pytest.skip("no inclusion-labels in the shared data")
    dice, errors = [], []
    for path in images:
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        truth = cv2.imread(str(path.parent.parent / "masks" / path.name), cv2.IMREAD_GRAYSCALE) >= 128
        mask = find_inclusions(image).mask
        dice.append(2 * (mask & truth).sum() / max(1, mask.sum() + truth.sum()))
        errors.append(abs(mask.mean() - truth.mean()))
    assert np.mean(dice) >= 0.66
    assert np.mean(errors) <= 0.06


@pytest.mark.parametrize("image", [np.zeros((1, 1), np.uint8), np.full((20, 20), 255, np.uint8)])
def test_an_empty_scan_has_no_inclusion(image):
    assert find_inclusions(image).n_inclusions == 0


def test_what_is_no_grey_image_is_refused():
    for image in (np.zeros((4, 4, 3)), np.full((3, 3), np.inf), np.zeros((0, 3))):
        with pytest.raises(ValueError, match="image must"):
            find_inclusions(image)
    with pytest.raises(ValueError, match="polarity"):
        find_inclusions(np.zeros((4, 4)), polarity="grey")


def test_filled_places_look_like_their_surroundings():
    rng = np.random.default_rng(0)
    field = ndimage.gaussian_filter(rng.standard_normal((120, 120)), 8)
    field = 100 + 400 * field
    hole = np.zeros(field.shape, bool)
    hole[50:60, 50:60] = True
    broken = np.where(hole, 0, field)
    filled = remove_inclusions(broken, hole)
    assert np.abs(filled - field)[hole].mean() < 0.2 * np.abs(field.mean() - field)[hole].mean() + 2
    assert (filled[~hole] == broken[~hole].astype(np.float32)).all()
    assert np.isfinite(remove_inclusions(np.where(hole, np.inf, field), hole, grow_px=2)).all()
    with pytest.raises(ValueError, match="nothing is left"):
        remove_inclusions(field, np.ones(field.shape, bool))


def test_e1245_by_hand():
    mask = np.zeros((100, 200), bool)
    mask[10:20, 20:60] = True
    mask[50:60, 0:30] = True
    found = measure_constituent(mask, pixel_size_um=0.5)
    assert found.area_fraction == pytest.approx(700 / 20_000)
    assert found.per_mm2 == pytest.approx(1.5 / (20_000 * 0.25e-6))
    assert found.mean_area_um2 == pytest.approx(1e6 * found.area_fraction / found.per_mm2)
    assert found.mean_chord_um == pytest.approx(1000 * found.area_fraction / found.intercepts_per_mm)
    assert found.mean_free_path_um == pytest.approx(1000 * (1 - found.area_fraction) / found.intercepts_per_mm)
    summary = summarise_constituent([found, measure_constituent(~mask & False, pixel_size_um=0.5)])
    assert summary["per_mm2"].n_fields == 2
    assert summary["mean_area_um2"].n_fields == 1
    with pytest.raises(ValueError, match="at least one field"):
        summarise_constituent([])
