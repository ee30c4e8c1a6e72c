"""Intervals of area fractions: what an image leaves open, and what strokes or known fractions settle."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from segment.cli import app
from segment.io import write_png
from segment.measure import join_intervals
from segment.model import Segmenter
from segment.model.image import shrink
from segment.model.intervals import compare_maps, match_fractions
from segment.samples import make_batch

QUICK = {"tol": 1e-2}


@pytest.fixture(scope="module")
def sample():
    return make_batch("ductile_iron", 1, shape=(96, 128), seed=3, band=False)[0]


@pytest.fixture(scope="module")
def image(sample):
    return sample.image.astype(np.float32) / 255


@pytest.fixture(scope="module")
def found(image):
    return Segmenter(3, **QUICK).fit(image).predict(image, intervals=True)


def test_an_interval_holds_the_fraction_and_that_of_the_boundary_lies_within(found):
    known = found.intervals
    assert known.basis == "image"
    for (low, high), (inner, outer), fraction in zip(known.meaning, known.boundary, found.fractions, strict=True):
        assert 0 <= low <= inner <= fraction <= outer <= high <= 1


def test_nothing_is_stated_where_it_was_not_asked_for(image):
    assert Segmenter(3, **QUICK).fit(image).predict(image).intervals is None


def test_an_image_that_is_made_smaller_stays_within_its_range():
    image = np.ones((700, 1000), dtype=np.float32)
    image[::7, ::5] = 0.25
    small = shrink(image)
    assert small.size < image.size
    assert small.max() <= 1


def test_intervals_have_the_same_bits_again(found, image):
    again = Segmenter(3, **QUICK).fit(image).predict(image, intervals=True)
    np.testing.assert_array_equal(again.intervals.meaning, found.intervals.meaning)


def test_maps_that_agree_leave_little_open_and_maps_that_do_not_leave_much():
    shown = np.repeat(np.array([0, 1, 2], np.uint8), [50, 30, 20])
    fractions = np.array([0.5, 0.3, 0.2])
    same = compare_maps(shown, [(shown + 1) % 3] * 10, fractions)
    merged = compare_maps(shown, [shown] * 5 + [np.minimum(shown, 1)] * 5, fractions)
    reach = np.ptp(same.meaning, axis=1)
    assert np.ptp(merged.meaning, axis=1)[1] > reach[1] + 0.15
    assert merged.meaning[2, 0] == 0
    assert np.ptp(merged.boundary, axis=1)[2] < np.ptp(merged.meaning, axis=1)[2]
    assert merged.n_agreeing == (10, 10, 5)


def test_groups_are_matched_one_to_one_and_one_may_be_missing():
    shown = np.repeat(np.array([0, 1, 2], np.uint8), [50, 30, 20])
    areas, same = match_fractions(shown, np.where(shown == 0, 2, 0).astype(np.uint8), 3)
    assert areas.tolist() == [0.5, 0.5, 0.0]
    assert same.tolist() == pytest.approx([1.0, 0.6, 0.0])


def test_strokes_and_known_fractions_say_what_the_intervals_rest_on(sample, image):
    strokes = np.full(image.shape, 255, np.uint8)
    for phase in range(3):
        rows, columns = np.nonzero(sample.truth == phase)
        strokes[rows[:80], columns[:80]] = phase
    model = Segmenter(3, **QUICK).fit(image, labels=strokes)
    assert model.predict(image, intervals=True).intervals.basis == "labels"
    guided = model.predict(image, fractions=sample.fractions.tolist(), intervals=True)
    assert guided.intervals.basis == "fractions"
    assert np.ptp(guided.intervals.meaning, axis=1).max() < 0.17


def test_an_image_of_one_grey_level_leaves_everything_open(image):
    black = np.zeros_like(image)
    model = Segmenter(3, **QUICK).fit([image, image[::-1], black])
    assert model.predict(black, intervals=True).intervals.meaning.tolist() == [[0, 1]] * 3


def test_sampling_error_joins_what_the_segmentation_leaves_open():
    alone = join_intervals([0.3], [0.2], [0.5])
    assert alone == pytest.approx((0.2, 0.5))
    low, high = join_intervals([0.2, 0.4], [0.1, 0.3], [0.3, 0.5])
    # Student's t for one degree of freedom and 90 %: 6.314; s / sqrt(2) = 0.1.
    assert 0.3 - low == high - 0.3 == pytest.approx(np.hypot(0.1, 0.6314), abs=1e-4)


def test_table_side_car_and_report_state_them(tmp_path, image):
    for index in range(2):
        write_png(tmp_path / f"in{index}.png", (255 * np.roll(image, 9 * index, axis=0)).astype(np.uint8))
    out = tmp_path / "out"
    orders = ["run", str(tmp_path / "in0.png"), str(tmp_path / "in1.png"), "-k", "2", "-o", str(out)]
    assert CliRunner().invoke(app, orders).exit_code == 0
    assert "low" not in (out / "fractions.csv").read_text()
    # Results without intervals are none that can be kept.
    done = CliRunner().invoke(app, [*orders, "--intervals", "--report", "--resume"])
    assert done.exit_code == 0, done.output
    assert "kept" not in done.output
    rows = list(csv.DictReader((out / "fractions.csv").read_text().splitlines()))
    record = json.loads((out / "in0.json").read_text())
    for row, ends in zip(rows, record["intervals"]["meaning"], strict=False):
        assert [float(row["low"]), float(row["high"])] == pytest.approx(ends, abs=1e-4)
    page = (out / "report.html").read_text()
    assert "what the phase is" in page
    assert "where the boundary is" in page
    again = CliRunner().invoke(app, [*orders, "--intervals", "--resume"])
    assert "in0 (kept)" in again.output
