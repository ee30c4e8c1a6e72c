"""Tasks that run alone in a fresh interpreter: ``python -m benchmarks.child TASK JSON`` prints one line of JSON.

Nothing heavy is imported at the top: what is measured is what the task itself imports.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any


def time_import(module: str, name: str | None = None) -> dict[str, Any]:
    """Import a module, look up a name in it where one is given, and count the modules that came with it."""
    from importlib import import_module

    before = len(sys.modules)
    start = perf_counter()
    imported = import_module(module)
    if name is not None:
        getattr(imported, name)
    return {"seconds": perf_counter() - start, "modules": len(sys.modules) - before}


def first_fit(peer: str, matrix: str, n_components: int) -> dict[str, Any]:
    """Import a peer's package, fit once, and fit again."""
    import numpy as np

    X = np.load(matrix)
    start = perf_counter()
    from benchmarks.peers import PEERS

    __import__(PEERS[peer].package)
    imported = perf_counter()
    PEERS[peer].fit(X, n_components, None)
    first = perf_counter()
    PEERS[peer].fit(X, n_components, None)
    second = perf_counter()
    return {
        "import_seconds": imported - start,
        "first_seconds": first - imported,
        "second_seconds": second - first,
    }


def peak_memory(peer: str, n_samples: int, n_features: int, n_components: int) -> dict[str, Any]:
    """Fit a large matrix once and say by how much the peak rose above what the process held before, X included."""
    import numpy as np

    from benchmarks.peers import PEERS

    rng = np.random.default_rng(0)
    parts = rng.random((3, n_features), dtype=np.float32)
    small = np.asfortranarray(rng.random((5000, 3), dtype=np.float32) @ parts)
    PEERS[peer].fit(small, n_components, None)
    X = np.empty((n_samples, n_features), dtype=np.float32, order="F")
    for start in range(0, n_samples, 1 << 16):
        rows = X[start : start + (1 << 16)]
        rows[:] = rng.random((len(rows), 3), dtype=np.float32) @ parts
        rows += 0.1 * rng.random(rows.shape, dtype=np.float32)
    held = _memory("VmRSS")
    PEERS[peer].fit(X, n_components, None)
    return {"x_bytes": X.nbytes, "held_bytes": held, "peak_bytes": _memory("VmHWM")}


def _memory(field: str) -> int:
    """Read a field of this process's memory in bytes; `ru_maxrss` would begin at the peak of the parent process."""
    from pathlib import Path

    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "time_import": time_import,
    "first_fit": first_fit,
    "peak_memory": peak_memory,
}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))) + "\n")
