"""Measure in fresh processes what only a fresh process can show: imports, first calls, peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.field import field_of
from benchmarks.peers import PEERS, SUBJECT
from benchmarks.records import Effort

ROOT = Path(__file__).resolve().parent.parent
EMPTY, FILLED = "first ever", "second process"


def call_child(
    task: str, arguments: dict[str, Any], numba_cache: Path | None = None, seconds: float | None = None
) -> dict[str, Any]:
    """Run one task of `benchmarks.child` in a new interpreter.

    Parameters
    ----------
    task : str
        A key of ``benchmarks.child.TASKS``.
    arguments : dict
        JSON-serialisable keyword arguments of the task.
    numba_cache : Path or None
        Folder for compiled kernels; None leaves the environment as it is.
    seconds : float or None
        When to give up; None: never.

    Returns
    -------
    dict
        What the task returned.

    Raises
    ------
    RuntimeError
        The child failed; the message ends with the last line it wrote.
    TimeoutError
        It took longer than so many seconds, and was ended.
    """
    environment = dict(os.environ)
    if numba_cache is not None:
        environment["NUMBA_CACHE_DIR"] = str(numba_cache)
    command = [sys.executable, "-m", "benchmarks.child", task, json.dumps(arguments)]
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, timeout=seconds, check=False, **pipes)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"task {task!r} was ended after {seconds:g} s") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise RuntimeError(f"task {task!r} failed in a fresh process (exit code {done.returncode}): {last}")
    return json.loads(done.stdout.splitlines()[-1])


def reason_to_skip() -> str | None:
    """Say why the memory of a process cannot be read here; None where it can."""
    return None if Path("/proc/self/status").is_file() else "needs /proc/self/status, which this system has not"


def ask_each(effort: Effort, measure: Callable[[str], Iterable[dict[str, Any]]]) -> tuple[list[Any], list[str]]:
    """Measure nmfcore and every peer that factorises dense matrices, each in processes of its own.

    Parameters
    ----------
    effort : Effort
    measure : callable
        ``measure(name)`` gives the rows of a peer.

    Returns
    -------
    rows : list of dict
        nmfcore's first.
    skipped : list of str
        Who was left out, and why: cannot, failed, or took too long.
    """
    names, skipped = field_of(effort)
    rows = [*measure(SUBJECT)]
    for name in names:
        try:
            rows += measure(name)
        except (RuntimeError, TimeoutError) as error:
            skipped.append(f"{PEERS[name].title}: {error}")
    return rows, skipped


def measure_first_fits(
    peer: str,
    X: NDArray[np.float32],
    n_components: int,
    processes: Sequence[str] = (EMPTY, FILLED),
    is_private: bool = True,
) -> list[dict[str, Any]]:
    """Time the first fit of a process: with an empty folder of compiled kernels, then with a filled one.

    Parameters
    ----------
    peer : str
        A key of `benchmarks.peers.PEERS`.
    X : ndarray of float32, shape (n_samples, n_features)
    n_components : int
    processes : sequence of str
        One process each, in turn.
    is_private : bool, default=True
        Whether compiled kernels go into an empty folder; otherwise into the usual one, where they may lie already.

    Returns
    -------
    list of dict
        A row a process. "new kernels" counts the compiled kernels the process added to the folder.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        matrix, cache = Path(folder) / "X.npy", Path(folder) / "kernels"
        np.save(matrix, X)
        cache.mkdir()
        for process in processes:
            before = _count_kernels(cache)
            arguments = {"peer": peer, "matrix": str(matrix), "n_components": n_components}
            answer = call_child("first_fit", arguments, cache if is_private else None)
            rows.append(
                {
                    "peer": peer,
                    "process": process,
                    "import s": answer["import_seconds"],
                    "first fit s": answer["first_seconds"],
                    "second fit s": answer["second_seconds"],
                    "new kernels": _count_kernels(cache) - before,
                }
            )
    return rows


def _count_kernels(cache: Path) -> int:
    return sum(1 for _ in cache.rglob("*.nbc"))
