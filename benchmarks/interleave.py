"""Time contenders in turn, so that what the machine does meanwhile falls on all of them alike."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from benchmarks.records import Timing


@dataclass(frozen=True)
class Contender:
    """A named call.

    Attributes
    ----------
    name : str
    call : callable
        What is timed.
    warm_up : callable
        Called once, untimed, before the first round: compiles and loads.
    calls : int, default 1
        Timed calls in a row per round; more for contenders so quick that one call is mostly noise.
    """

    name: str
    call: Callable[[], Any]
    warm_up: Callable[[], Any]
    calls: int = 1


def interleave(contenders: Sequence[Contender], rounds: int) -> dict[str, tuple[Timing, Any]]:
    """Run every contender in each round, each round starting with another one.

    Parameters
    ----------
    contenders : sequence of Contender
    rounds : int

    Returns
    -------
    dict of str to (Timing, object)
        By name: the times, and what the last call returned.
    """
    for contender in contenders:
        contender.warm_up()
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    results: dict[str, Any] = {}
    for turn in range(rounds):
        shift = turn % len(contenders)
        for contender in (*contenders[shift:], *contenders[:shift]):
            for _ in range(contender.calls):
                results.pop(contender.name, None)
                gc.collect()
                start = perf_counter()
                results[contender.name] = contender.call()
                seconds[contender.name].append(perf_counter() - start)
    return {name: (Timing(tuple(times)), results[name]) for name, times in seconds.items()}
