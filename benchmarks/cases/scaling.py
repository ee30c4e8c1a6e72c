"""How the time of a fit grows with rows, columns, components and threads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.cases.case import Case
from benchmarks.interleave import Contender, interleave
from benchmarks.machine import available_cores
from benchmarks.peers import PEERS, SUBJECT, Job
from benchmarks.records import CaseResult, Effort
from nmfcore import get_num_threads, set_num_threads

TITLE = "Scaling: time of a fit as the matrix, the number of components or the number of threads grows"
REFERENCE = "scikit-learn-cd"
ITERATIONS = 10


def run(effort: Effort) -> CaseResult:
    """Vary one of m, n, k at a time, 10 iterations each; then the threads."""
    tall, wide, columns = (1_000_000, 20_000, 400) if effort.is_full else (20_000, 400, 100)
    shapes = {
        "m, tall": [(tall // divisor, 6, 3) for divisor in (16, 4, 1)],
        "n, tall": [(tall // 4, n, 3) for n in (4, 8, 16, 32)],
        "k, tall": [(tall // 4, 12, k) for k in (2, 4, 8)],
        "m, wide": [(wide // divisor, columns, 20) for divisor in (16, 4, 1)],
        "n, wide": [(wide // 4, columns * factor, 20) for factor in (1, 2, 4)],
        "k, wide": [(wide // 4, columns, k) for k in (10, 20, 40, 80)],
    }
    rows = [row for varied, several in shapes.items() for row in _grow(varied, several, effort)]
    threads = list(_thread_rows((tall, 6, 3), effort)) + list(_thread_rows((wide, columns, 20), effort))
    headlines = []
    for varied in shapes:
        mine = [row for row in rows if row["varied"] == varied and row["peer"] == SUBJECT]
        first, last = mine[0], mine[-1]
        size = np.prod([last[key] / first[key] for key in "mnk"])
        headlines.append(f"{varied}: {size:.3g} times the size takes {last['seconds'] / first['seconds']:.3g} the time")
    tables = {"Size": rows, "Threads": threads}
    data = f"products of random factors plus noise, float32, {ITERATIONS} iterations without a stopping rule"
    return CaseResult("scaling", TITLE, data, tables, tuple(headlines))


def _matrix(m: int, n: int, k: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    X = rng.random((m, k), dtype=np.float32) ** 3 @ rng.random((k, n), dtype=np.float32) ** 3
    X += 0.05 * rng.random((m, n), dtype=np.float32)
    return np.asfortranarray(X) if n <= 32 else X


def _grow(varied: str, shapes: list[tuple[int, int, int]], effort: Effort) -> Iterator[dict[str, Any]]:
    for m, n, k in shapes:
        X = _matrix(m, n, k)
        names = [name for name in (SUBJECT, REFERENCE) if effort.peers is None or name in (SUBJECT, *effort.peers)]
        contenders = [_contender(name, X, k) for name in names]
        measured = interleave(contenders, effort.repeats, lambda fit: fit.iterations, rest=effort.rest)
        for name, (timing, iterations) in measured.items():
            yield {
                "varied": varied,
                "m": m,
                "n": n,
                "k": k,
                "peer": name,
                "seconds": timing.median,
                "spread": timing.spread,
                "iterations": iterations[-1],
                "ns an entry and iteration": 1e9 * timing.median / (m * n * iterations[-1]),
            }


def _thread_rows(shape: tuple[int, int, int], effort: Effort) -> Iterator[dict[str, Any]]:
    X = _matrix(*shape)
    numbers = sorted({1, max(1, available_cores() // 2), available_cores()})
    contenders = [_contender(SUBJECT, X, shape[2], threads) for threads in numbers]
    measured = interleave(contenders, effort.repeats, rest=effort.rest)
    one = measured[f"{SUBJECT}, 1"][0].median
    for threads in numbers:
        timing = measured[f"{SUBJECT}, {threads}"][0]
        yield {
            "m": shape[0],
            "n": shape[1],
            "k": shape[2],
            "threads": threads,
            "seconds": timing.median,
            "spread": timing.spread,
            "times as fast as one": one / timing.median,
        }


def _contender(name: str, X: NDArray[np.float32], k: int, threads: int | None = None) -> Contender:
    job = Job(X, k, max_iter=ITERATIONS, stops=False)

    def call(turn: int = 0) -> Any:
        return PEERS[name].fit(job)

    def call_on(turn: int = 0) -> Any:
        before = get_num_threads()
        set_num_threads(threads or before)
        try:
            with threadpool_limits(threads):
                return PEERS[name].fit(job)
        finally:
            set_num_threads(before)

    return Contender(name, call, call) if threads is None else Contender(f"{name}, {threads}", call_on, call_on)


SCALING = Case(TITLE, run)
