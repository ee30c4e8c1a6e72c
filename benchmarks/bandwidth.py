"""How fast this machine reads and writes memory: the time of one read of X and one write of W, and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from nmfcore import get_num_threads

BLOCK_BYTES = 1 << 18


def read_and_write(X: NDArray, W: NDArray, passes: int = 5) -> float:
    """Time reading every byte of X and writing every byte of W, after the STREAM benchmark.

    Parameters
    ----------
    X : ndarray, contiguous in C or Fortran order
        Read only: each block of 256 KiB is multiplied with itself by BLAS.
    W : ndarray, contiguous in C or Fortran order
        Overwritten with zeros.
    passes : int, default=5
        The quickest of so many passes counts.

    Returns
    -------
    float
        Seconds, on as many threads as nmfcore uses.

    Notes
    -----
    A store first fetches the line it changes, so that W moves twice on most processors; STREAM does not count that.
    """
    tasks = [(block, False) for block in _blocks(X)] + [(block, True) for block in _blocks(W)]
    threads = get_num_threads()

    def work(number: int) -> float:
        total = 0.0
        for block, is_output in tasks[number::threads]:
            if is_output:
                block.fill(0.0)
            else:
                total += float(np.dot(block, block))
        return total

    seconds = []
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(passes):
            start = perf_counter()
            list(pool.map(work, range(threads)))
            seconds.append(perf_counter() - start)
    return min(seconds)


def _blocks(A: NDArray) -> list[NDArray]:
    flat = A.reshape(-1, order="F" if A.flags.f_contiguous else "C")
    if not np.shares_memory(flat, A):
        raise ValueError("array is not contiguous: reading a copy of it would say nothing")
    length = BLOCK_BYTES // A.itemsize
    return [flat[start : start + length] for start in range(0, flat.size, length)]
