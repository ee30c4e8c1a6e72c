from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from numba import njit

from nmfcore import _jit

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


FIT = """
import sys, warnings
import numpy as np
warnings.simplefilter("error")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from nmfcore import factorize, objective
    X = np.random.default_rng(0).random((9, 7))
    value = objective(X, np.ones((9, 1)), np.ones((1, 7)), beta_loss=1.5)
assert np.isfinite(value)
for warning in caught:
    print(f"{warning.category.__name__}: {warning.message}")
"""


def run_without_a_cache(folder, **environment):
    environment = {**os.environ, "PYTHONPATH": str(folder), **environment}
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    run = subprocess.run([sys.executable, "-c", FIT], env=environment, cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@pytest.fixture
def read_only_package(tmp_path):
    """Return a folder with a copy of the engine in which nobody, not even root, can make a folder for kernels."""
    shutil.copytree(ROOT / "nmfcore", tmp_path / "nmfcore", ignore=shutil.ignore_patterns("__pycache__"))
    for path in [tmp_path / "nmfcore", *(tmp_path / "nmfcore").rglob("*/")]:
        if path.is_dir():
            (path / "__pycache__").touch()
    return tmp_path


@pytest.mark.parametrize("home", ["/dev/null", "~"])
def test_compiles_in_memory_where_nothing_can_be_written(home, read_only_package):
    # An unknown user without HOME has "~" for a home.
    (warning,) = run_without_a_cache(read_only_package, HOME=home)
    assert warning.startswith("RuntimeWarning: Compiled kernels cannot be kept")
    assert "NUMBA_CACHE_DIR" in warning
    assert sorted(path.name for path in read_only_package.iterdir()) == ["nmfcore"]


def test_the_home_of_the_user_serves_a_read_only_package(read_only_package, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    assert run_without_a_cache(read_only_package, HOME=str(home)) == []
    assert list(home.rglob("*.nbc"))


def test_a_cache_that_goes_away_is_done_without(tmp_path, monkeypatch):
    cache = _jit._KernelCache(_jit._warn_of_no_cache)
    monkeypatch.setattr(_jit, "_warned", False)
    monkeypatch.setattr(cache._cache_file, "_cache_path", str(tmp_path / "gone"))
    monkeypatch.setattr(cache._cache_file, "_index_path", str(tmp_path))
    compiled = njit(lambda x: x + 1)
    compiled(1)
    (result,) = compiled.overloads.values()
    with pytest.warns(RuntimeWarning, match="cannot be kept"):
        assert cache.load_overload(result.signature, result.target_context) is None
    # Once is enough.
    cache.save_overload(result.signature, result)
