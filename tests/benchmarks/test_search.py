from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.search import Point, affordable_iterations, first_to_reach, predict_seconds, search


def contender(start=1.0, step=0.5, calls=None):
    """Come from loss 1 to 1 / n after n iterations, each of them `step` seconds after a start."""

    def call(iterations):
        if calls is not None:
            calls.append(iterations)
        return Point(iterations, start + step * iterations, 1.0 / iterations)

    return call


def test_time_is_predicted_by_a_start_and_so_much_an_iteration():
    call = contender()
    assert predict_seconds([call(4)], 8) == pytest.approx(6.0)
    assert predict_seconds([call(1), call(3)], 10) == pytest.approx(6.0)
    noisy = [Point(1, 2.0, 1.0), Point(3, 1.5, 0.5)]
    assert predict_seconds(noisy, 6) == pytest.approx(1.5 + 3 * 0.5)


def test_affordable_iterations_fill_the_time_and_no_more():
    points = [contender()(1), contender()(3)]
    assert affordable_iterations(points, 6.0, 100) == 10
    assert affordable_iterations(points, 6.0, 7) == 7
    assert affordable_iterations(points, 0.1, 100) == 1


@given(needed=st.integers(1, 300), known=st.integers(1, 300))
def test_search_comes_within_fifteen_percent_of_the_fewest_iterations(needed, known):
    call = contender()
    points = search(call, [call(known)], 1.0 / needed, 1e9, 10_000)
    reached = first_to_reach(points, 1.0 / needed)
    assert reached is not None
    assert needed <= reached.iterations <= max(needed + 1, 1.15 * needed)
    assert [point.iterations for point in points] == sorted(point.iterations for point in points)


def test_search_stops_before_the_time_is_up_and_says_that_nothing_reached():
    calls: list[int] = []
    call = contender(calls=calls)
    points = search(call, [contender()(1), contender()(2)], 1e-6, 20.0, 10_000)
    assert first_to_reach(points, 1e-6) is None
    assert calls == [4, 8, 16]
    assert sum(contender()(n).seconds for n in calls) <= 20.0


def test_search_goes_no_further_than_the_most_iterations():
    calls: list[int] = []
    assert first_to_reach(search(contender(calls=calls), [contender()(3)], 0.0, 1e9, 10), 0.0) is None
    assert calls == [6, 10]


def test_the_first_to_reach_has_the_fewest_iterations_not_the_least_time():
    points = [Point(1, 9.0, 2.0), Point(2, 5.0, 1.0), Point(4, 3.0, 0.5)]
    assert first_to_reach(points, 1.0) == points[1]
    assert first_to_reach(points, 0.4) is None
