"""Where the images of a batch are worked on: in this process, or by the workers of a Dask cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

# Tasks that are under way for each thread of the cluster, so that none waits and few results lie about.
AHEAD = 3
# How long a scheduler is waited for, in seconds.
PATIENCE = 30
THREADS = 2

Work = Callable[[Any, Any], Any]
Mapped = Callable[[Work, Any, Sequence[Any]], Iterator[Any]]


class WorkerLostError(RuntimeError):
    """The workers died of one item, again and again."""


@contextmanager
def workers(cluster: str | None = None, here: Mapped | None = None) -> Iterator[Mapped]:
    """Give a function that does the same work on many items, and yields the results in their order.

    Parameters
    ----------
    cluster : str, optional
        Address of a Dask scheduler, e.g. ``tcp://10.0.0.1:8786``; None works in this process.
    here : callable, optional
        How items are worked on in this process; None: one after the other.

    Yields
    ------
    callable
        ``each(work, shared, items)`` yields ``work(shared, item)`` for every item. On a cluster `shared` is sent to
        each worker once; an item whose worker dies is worked on again elsewhere, and is a `WorkerLostError` among the
        results where the workers die of it again and again.

    Raises
    ------
    ValueError
        If Dask is not installed, or no scheduler answers at the address within 30 s.

    Examples
    --------
    >>> with workers() as each:
    ...     list(each(lambda base, exponent: base**exponent, 2, [1, 2, 3]))
    [2, 4, 8]
    """
    if cluster is None:
        yield here or _one_by_one
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise ValueError(f"cluster '{cluster}': needs Dask: pip install 'nmfcore[dask]'") from error
    try:
        client = Client(cluster, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ValueError(f"cluster '{cluster}': no Dask scheduler answers: {error}") from error
    with client:
        yield lambda work, shared, items: _on_cluster(client, work, shared, items)


def _one_by_one(work: Work, shared: Any, items: Sequence[Any]) -> Iterator[Any]:
    for item in items:
        yield work(shared, item)


def _on_cluster(client: Any, work: Work, shared: Any, items: Sequence[Any]) -> Iterator[Any]:
    from distributed.scheduler import KilledWorker

    # A task carries what is common, and the scheduler keeps it: what one worker alone stored would die with it.
    common = client.submit(_itself, shared, pure=False)
    waiting: deque[tuple[Any, Any]] = deque()
    rest = iter(items)
    while True:
        most = AHEAD * max(1, sum(client.nthreads().values()))
        while len(waiting) < most and (item := next(rest, _END)) is not _END:
            waiting.append((item, client.submit(work, common, item, pure=False)))
        if not waiting:
            return
        item, future = waiting.popleft()
        try:
            yield future.result()
            continue
        except KilledWorker:
            # The scheduler blames all that a dying worker had before it: alone, only the item itself is to blame.
            for _, other in waiting:
                other.exception()
        try:
            yield client.submit(work, common, item, pure=False).result()
        except KilledWorker as error:
            yield WorkerLostError(f"the workers died of it, {error.allowed_failures + 1} of them")


def in_threads(work: Work, shared: Any, items: Sequence[Any]) -> Iterator[Any]:
    """Yield the results of work on each item in order, worked on in two threads of this process."""
    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(items), 2 * THREADS):
            yield from pool.map(partial(work, shared), items[start : start + 2 * THREADS])


_END = object()


def _itself(value: Any) -> Any:
    return value
