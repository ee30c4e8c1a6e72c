from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
# Both paths, and both kinds of tile: all active sets tried (k = 2) and exchanged (k = 5).
FIT = """
import json, warnings
import numpy as np
from nmfcore import factorize
from tests.nmfcore.data import make_data
warnings.simplefilter("ignore", category=UserWarning)
results = []
for m, n, k, solver in ((300, 3, 2, "cd"), (300, 3, 5, "cd"), (9, 7, 3, "cd"), (9, 7, 3, "mu")):
    X = make_data("uniform", m, n)
    result = factorize(X, k, random_state=0, init="random", solver=solver, max_iter=2, alpha_W=1e-3, l1_ratio=0.5)
    results.append(result.loss_history.tolist())
print(json.dumps(results))
"""


def fit(folder, **settings):
    environment = {**os.environ, "NUMBA_NUM_THREADS": "1", **settings}
    if folder:
        environment["NUMBA_CACHE_DIR"] = str(folder)
    run = subprocess.run([sys.executable, "-c", FIT], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("setting", ["NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK"])
def test_kernels_do_the_same(setting, tmp_path):
    compiled, other = fit(None), fit(tmp_path, **{setting: "1"})
    for one, two in zip(compiled, other, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-8)
