from __future__ import annotations

from benchmarks.interleave import Contender, interleave
from benchmarks.records import Timing


def test_contenders_take_turns_and_nobody_always_starts():
    calls = []

    def contender(name, calls_per_round=1):
        return Contender(
            name,
            lambda turn: calls.append(name) or f"{name}{turn}",
            lambda: calls.append(f"warm {name}"),
            calls_per_round,
        )

    measured = interleave([contender("a", 2), contender("b"), contender("c")], 3)
    assert calls == ["warm a", "warm b", "warm c", "a", "a", "b", "c", "b", "c", "a", "a", "c", "a", "a", "b"]
    assert {name: len(timing.seconds) for name, (timing, _) in measured.items()} == {"a": 6, "b": 3, "c": 3}
    assert measured["a"][1] == ["a0", "a1", "a2", "a3", "a4", "a5"]
    assert measured["c"][1] == ["c0", "c1", "c2"]


def test_a_slow_contender_takes_part_in_few_rounds_and_what_it_returns_is_judged():
    contenders = [Contender("slow", lambda turn: turn, rounds=1), Contender("quick", lambda turn: turn)]
    measured = interleave(contenders, 3, lambda turn: 10 * turn)
    assert {name: judged for name, (_, judged) in measured.items()} == {"slow": [0], "quick": [0, 10, 20]}


def test_all_rest_before_every_call_and_after_the_judge(monkeypatch):
    happened = []
    monkeypatch.setattr("benchmarks.interleave.sleep", lambda seconds: happened.append(seconds))
    contenders = [Contender("a", lambda turn: happened.append("call"), calls=2), Contender("b", lambda turn: None)]
    interleave(contenders, 1, lambda returned: happened.append("judged"), rest=0.25)
    assert happened == [0.25, "call", "judged", 0.25, "call", "judged", 0.25, "judged"]


def test_timing_is_a_median_and_a_relative_spread():
    timing = Timing((1.0, 4.0)) + Timing((2.0,))
    assert timing.median == 2.0
    assert timing.spread == 1.5
