"""Time contenders in turn, so that what the machine does meanwhile falls on all of them alike."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, sleep
from typing import Any

from benchmarks.records import Timing


@dataclass(frozen=True)
class Contender:
    """A named call.

    Attributes
    ----------
    name : str
    call : callable
        ``call(turn)``, what is timed; the turns count from 0, over all rounds.
    warm_up : callable, default: nothing
        Called once, untimed, before the first round: compiles and loads.
    calls : int, default 1
        Timed calls in a row per round; more for contenders so quick that one call is mostly noise.
    rounds : int or None, default None
        Rounds to take part in; None: all. Fewer for contenders that would take the time of all others.
    """

    name: str
    call: Callable[[int], Any]
    warm_up: Callable[[], Any] = lambda: None
    calls: int = 1
    rounds: int | None = None


def interleave(
    contenders: Sequence[Contender],
    rounds: int,
    judge: Callable[[Any], Any] = lambda returned: returned,
    *,
    rest: float = 0.0,
) -> dict[str, tuple[Timing, list[Any]]]:
    """Run every contender in each round, each round starting with another one.

    Parameters
    ----------
    contenders : sequence of Contender
    rounds : int
    judge : callable, default: the identity
        Called, untimed, with what a call returned; only what it makes of it is kept.
    rest : float, default 0.0
        Seconds without work before each call, for threads that still wait busily for more of the last one.

    Returns
    -------
    dict of str to (Timing, list)
        By name: the times, and what was judged, one entry a call.
    """
    for contender in contenders:
        contender.warm_up()
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    judged: dict[str, list[Any]] = {contender.name: [] for contender in contenders}
    gc.collect()
    # Collections between the calls need not look at what the imports have left.
    gc.freeze()
    try:
        for turn in range(rounds):
            shift = turn % len(contenders)
            for contender in (*contenders[shift:], *contenders[:shift]):
                if contender.rounds is not None and turn >= contender.rounds:
                    continue
                for _ in range(contender.calls):
                    gc.collect()
                    sleep(rest)
                    number = len(seconds[contender.name])
                    start = perf_counter()
                    returned = contender.call(number)
                    seconds[contender.name].append(perf_counter() - start)
                    judged[contender.name].append(judge(returned))
                    del returned
    finally:
        gc.unfreeze()
    return {name: (Timing(tuple(times)), judged[name]) for name, times in seconds.items()}
