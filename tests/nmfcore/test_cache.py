from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COUNT = """
import json, sys
import numpy as np
from numba.core.dispatcher import Dispatcher
from nmfcore import NMF
shape, k, dtype, solver = json.loads(sys.argv[1])
X = np.random.default_rng(0).random(shape).astype(dtype)
model = NMF(k, random_state=0, tol=1e-2, solver=solver)
model.fit(X)
model.transform(X)
kernels = {
    id(value): value
    for name, module in list(sys.modules.items())
    if name.startswith("nmfcore")
    for value in vars(module).values()
    if isinstance(value, Dispatcher)
}
stats = [kernel.stats for kernel in kernels.values()]
counts = [{str(key): number for key, number in part.items()} for s in stats for part in (s.cache_hits, s.cache_misses)]
hits, misses = (sum(sum(c.values()) for c in counts[start::2]) for start in (0, 1))
print(json.dumps({"hits": hits, "misses": misses}))
"""


@pytest.mark.parametrize(
    "case",
    [((3000, 3), 2, "float32", "cd"), ((30, 20), 3, "float64", "cd"), ((30, 20), 3, "float64", "mu")],
    ids=["tall", "general", "multiplicative"],
)
def test_second_process_compiles_nothing(case, tmp_path):
    runs = []
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-c", COUNT, json.dumps(case)],
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        runs.append(json.loads(run.stdout))
    first, second = runs
    assert first["misses"] > 0
    # Callees come with the kernels that call them, so that fewer are loaded than were compiled.
    assert second["hits"] > 0
    assert second["misses"] == 0
