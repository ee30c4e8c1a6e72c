from __future__ import annotations

from benchmarks.interleave import Contender, interleave
from benchmarks.records import Timing


def test_contenders_take_turns_and_nobody_always_starts():
    calls = []

    def contender(name, calls_per_round=1):
        return Contender(
            name, lambda: calls.append(name) or name, lambda: calls.append(f"warm {name}"), calls_per_round
        )

    measured = interleave([contender("a", 2), contender("b"), contender("c")], 3)
    assert calls == ["warm a", "warm b", "warm c", "a", "a", "b", "c", "b", "c", "a", "a", "c", "a", "a", "b"]
    assert {name: len(timing.seconds) for name, (timing, _) in measured.items()} == {"a": 6, "b": 3, "c": 3}
    assert {name: result for name, (_, result) in measured.items()} == {"a": "a", "b": "b", "c": "c"}


def test_timing_is_a_median_and_a_relative_spread():
    timing = Timing((1.0, 4.0)) + Timing((2.0,))
    assert timing.median == 2.0
    assert timing.spread == 1.5
