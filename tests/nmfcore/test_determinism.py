from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nmfcore import factorize, get_num_threads, set_num_threads
from tests.nmfcore.data import LAYOUTS, lay_out, make_data

ROOT = Path(__file__).resolve().parents[2]
# Many blocks of rows in each path; the last one is wide.
CASES = {
    "tall": ((40000, 6), {"n_components": 4}),
    "tall float32": ((100000, 5), {"n_components": 5, "alpha_W": 1e-4}),
    "tall with many columns": ((4000, 70), {"n_components": 3}),
    "general": ((900, 300), {"n_components": 7}),
    "wide": ((150, 2000), {"n_components": 10}),
    "multiplicative": ((900, 60), {"n_components": 4, "solver": "mu"}),
}
FIT = """
import hashlib, sys, warnings
import numpy as np
from nmfcore import factorize
from tests.nmfcore.data import make_data
from tests.nmfcore.test_determinism import CASES
warnings.simplefilter("ignore")
for name, (shape, parameters) in CASES.items():
    X = make_data("uniform", *shape).astype(np.float32 if "float32" in name else np.float64)
    result = factorize(X, random_state=0, max_iter=8, **parameters)
    parts = (result.W, result.H, result.loss_history)
    print(name, *(hashlib.sha256(np.ascontiguousarray(part).tobytes()).hexdigest() for part in parts))
"""

pytestmark = pytest.mark.filterwarnings("ignore:Maximum number of iterations")


@pytest.fixture
def threads():
    before = get_num_threads()
    yield set_num_threads
    set_num_threads(before)


def fit(name, X=None, **changes):
    shape, parameters = CASES[name]
    if X is None:
        X = make_data("uniform", *shape).astype(np.float32 if "float32" in name else np.float64)
    return factorize(X, **{"random_state": 0, "max_iter": 8, **parameters, **changes})


def assert_same_bits(one, other):
    np.testing.assert_array_equal(one.W, other.W)
    np.testing.assert_array_equal(one.H, other.H)
    np.testing.assert_array_equal(one.loss_history, other.loss_history)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("init", ["random", None])
def test_number_of_threads(name, init, threads):
    threads(1)
    alone = fit(name, init=init)
    for number in (2, 3):
        threads(number)
        assert get_num_threads() == number
        assert_same_bits(fit(name, init=init), alone)


@pytest.mark.parametrize("name", CASES)
def test_run_to_run(name):
    assert_same_bits(fit(name), fit(name))


def test_another_seed_is_another_start():
    one, other = (fit("general", init="random", random_state=seed) for seed in (0, 1))
    assert not np.array_equal(one.W, other.W)


def test_environment_of_threads():
    # BLAS and Numba take their number of threads from the environment when the process starts.
    outputs = set()
    for number in ("1", "2"):
        counts = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), number)
        outputs.add(output_of(FIT, counts))
    assert len(outputs) == 1


def test_cold_and_warm_cache(tmp_path):
    # The first process compiles what the second one loads.
    code = """
import hashlib, numpy as np
from nmfcore import factorize
X = np.random.default_rng(0).random((12_000, 6), dtype=np.float32)
for parameters in ({}, {"alpha_W": 1e-3, "l1_ratio": 0.5, "solver": "mu", "max_iter": 5, "tol": 0}):
    print(hashlib.sha256(factorize(X, 3, random_state=0, **parameters).W.tobytes()).hexdigest())
"""
    cache = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    assert output_of(code, cache) == output_of(code, cache)


def output_of(code, environment):
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout
    return run.stdout


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(700, 5), (60, 40), (5, 700)], ids=str)
def test_memory_layout(shape, dtype, layout):
    X = make_data("uniform", *shape).astype(dtype)
    expected = factorize(X, 3, random_state=0, max_iter=20)
    assert_same_bits(factorize(lay_out(X, layout), 3, random_state=0, max_iter=20), expected)


@pytest.mark.parametrize("shape", [(700, 5), (60, 40)], ids=str)
def test_memory_map(shape, tmp_path):
    X = make_data("uniform", *shape).astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert_same_bits(factorize(mapped, 3, random_state=0, max_iter=20), factorize(X, 3, random_state=0, max_iter=20))
