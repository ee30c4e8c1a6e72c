from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from segment.measure import FieldStatistics, fields_needed, points_needed, summarise_fields

FIVE = [10.0, 12.0, 9.0, 11.0, 13.0]


def test_five_fields_by_hand():
    found = summarise_fields(FIVE)
    assert found.n_fields == 5
    assert found.mean == pytest.approx(11.00)
    assert found.std == pytest.approx(1.5811, abs=5e-5)
    assert found.ci95 == pytest.approx(1.9632, abs=5e-5)
    assert found.relative_accuracy_percent == pytest.approx(17.85, abs=5e-3)


@pytest.mark.parametrize(("n", "t"), [(5, 2.776), (10, 2.262), (20, 2.093), (30, 2.045)])
def test_the_interval_uses_the_table_of_student(n, t):
    values = np.random.default_rng(n).normal(50, 3, n)
    found = summarise_fields(values)
    assert found.ci95 == pytest.approx(t * values.std(ddof=1) / math.sqrt(n), rel=3e-4)


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=30), st.floats(0.1, 100))
def test_the_interval_is_that_of_scipy_and_scales_with_the_unit(values, scale):
    found = summarise_fields(values)
    assert found.std is not None
    assert found.ci95 is not None
    if found.std > 1e-9:
        low, high = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
        assert (found.mean - found.ci95, found.mean + found.ci95) == pytest.approx((low, high))
    scaled = summarise_fields([scale * value for value in values])
    assert scaled.ci95 == pytest.approx(scale * found.ci95)
    assert scaled.relative_accuracy_percent == pytest.approx(found.relative_accuracy_percent)


def test_what_cannot_be_known_is_none():
    assert summarise_fields([0.3]) == FieldStatistics(1, 0.3, None, None, None)
    assert summarise_fields([0.0, 0.0]) == FieldStatistics(2, 0.0, 0.0, 0.0, None)
    assert summarise_fields([2.0, 2.0]).relative_accuracy_percent == 0


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")], [[1.0, 2.0]]])
def test_values_that_are_none_are_refused(values):
    with pytest.raises(ValueError, match="values must"):
        summarise_fields(values)


@given(st.lists(st.floats(0.1, 1), min_size=2, max_size=12), st.floats(2, 50))
def test_the_fields_needed_are_the_fewest_that_reach_the_accuracy(values, accuracy):
    found = summarise_fields(values)
    needed = fields_needed(found, accuracy)
    assert needed is not None
    assert found.std is not None

    def reached(n):
        return 100 * stats.t.ppf(0.975, n - 1) * found.std / (math.sqrt(n) * found.mean)

    assert needed >= 2
    assert reached(needed) <= accuracy * (1 + 1e-9)
    assert needed == 2 or reached(needed - 1) > accuracy * (1 - 1e-9)


def test_fields_that_cannot_be_estimated():
    assert fields_needed(summarise_fields([0.3])) is None
    assert fields_needed(summarise_fields([0.0, 0.0])) is None
    assert fields_needed(summarise_fields([1e-9, 1.0, 1e-9]), 1e-3) is None
    with pytest.raises(ValueError, match="relative_accuracy_percent"):
        fields_needed(summarise_fields(FIVE), 0)


def test_points_by_hand():
    assert points_needed(0.10) == 3600
    assert points_needed(0.5) == 400
    assert points_needed(0.5, 20) == 100
    assert points_needed(0.3) == math.ceil(400 * 0.7 / 0.3)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, float("nan")])
def test_points_of_no_phase_are_refused(fraction):
    with pytest.raises(ValueError, match="fraction must lie between"):
        points_needed(fraction)
