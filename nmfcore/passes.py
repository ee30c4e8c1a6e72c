"""How a matrix is walked: fixed blocks, handed to threads in order, each block leaving its own sums.

The blocks depend on the shape alone and their sums are added in index order, so a result has the same bits for
any number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from numbers import Integral
from threading import Lock
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

__all__ = ["BLAS_ALONE", "get_num_threads", "run_blocks", "set_num_threads"]


def _default_num_threads() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("NUMBA_NUM_THREADS", "")
    return min(int(wanted), cores) if wanted.isdecimal() and int(wanted) >= 1 else cores


_RANGES_A_THREAD = 16

_num_threads: int = _default_num_threads()
_pool: ThreadPoolExecutor | None = None


def get_num_threads() -> int:
    """Return the number of threads that a factorization uses.

    Returns
    -------
    int
        The number set by `set_num_threads`, else the environment's ``NUMBA_NUM_THREADS``, else the number of cores.

    Examples
    --------
    >>> from nmfcore import get_num_threads
    >>> get_num_threads() >= 1
    True
    """
    return _num_threads


def set_num_threads(n_threads: int) -> None:
    """Set the number of threads that factorizations use from now on, in this process.

    Parameters
    ----------
    n_threads : int
        At least 1. Results have the same bits for every number.

    Raises
    ------
    TypeError
        If n_threads is not an integer.
    ValueError
        If n_threads is below 1.

    Examples
    --------
    >>> from nmfcore import get_num_threads, set_num_threads
    >>> before = get_num_threads()
    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    >>> set_num_threads(before)
    """
    global _num_threads
    if not isinstance(n_threads, Integral) or isinstance(n_threads, bool):
        raise TypeError(f"n_threads must be an integer of at least 1, got {n_threads!r}.")
    if n_threads < 1:
        raise ValueError(f"n_threads must be at least 1, got {n_threads!r}.")
    _num_threads = int(n_threads)
    _forget_pool()


def _forget_pool() -> None:
    global _pool
    _pool = None


# A forked child inherits the pool but none of its threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def _release(controller: Any) -> None:
    """Let any thread set the number of threads of BLAS: threadpoolctl gives the right to the first one that asks."""
    for library in controller.lib_controllers:
        release = getattr(library, "clear_controlling_thread", None)
        if release is not None:
            release(force=True)


class _BlasAlone:
    """Context in which BLAS uses one thread; the last of all Python threads to leave gives it back its own number."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._controller: ThreadpoolController | None = None
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            # Looking for the libraries takes milliseconds, so it is done once.
            controller = self._controller or ThreadpoolController()
            if self._inside == 0:
                _release(controller)
                self._limit = controller.limit(limits=1, user_api="blas")
            self._controller = controller
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                _release(self._controller)
                self._limit.restore_original_limits()
                _release(self._controller)


BLAS_ALONE = _BlasAlone()


def run_blocks(task: Callable[[int, int], object], n_blocks: int, *, least: int = 2, uneven: bool = False) -> None:
    """Call ``task(first, last)`` on ranges that cover ``range(n_blocks)``, at least ``least`` blocks to a thread.

    uneven: blocks differ in work, so threads take small ranges in turn instead of one large one each.
    NumPy reports no overflow or underflow in a task: what is not finite is seen in its result.
    While the interpreter shuts down there are no other threads, and the caller takes all ranges.
    """
    global _pool
    workers = max(1, min(_num_threads, n_blocks // least))
    if workers == 1:
        with np.errstate(all="ignore"):
            task(0, n_blocks)
        return
    if _pool is None:
        _pool = ThreadPoolExecutor(_num_threads - 1, thread_name_prefix="nmfcore")
    n_ranges = min(n_blocks, workers * (_RANGES_A_THREAD if uneven else 1))
    bounds = [n_blocks * i // n_ranges for i in range(n_ranges + 1)]
    turns = iter(range(n_ranges))

    def work() -> None:
        # Drawing from one iterator is atomic. Each thread has its own state of floating-point errors.
        with np.errstate(all="ignore"):
            for i in turns:
                task(bounds[i], bounds[i + 1])

    pending = []
    # A pool that is to end, and a thread that can no longer be started, both say so with a RuntimeError.
    with suppress(RuntimeError):
        for _ in range(workers - 1):
            pending.append(_pool.submit(work))
    work()
    for future in pending:
        future.result()
