"""The engine under every BLAS kernel and instruction set that this processor has; each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl

from nmfcore import factorize, non_negative_factorization
from nmfcore.solvers import products
from tests.nmfcore.data import make_data

ROOT = Path(__file__).resolve().parents[2]
# What a kernel's sums may change: layouts, threads, batches; steps that overflow; the objective; where a long way ends.
SUBSET = [
    "tests/nmfcore/test_determinism.py::test_memory_layout",
    "tests/nmfcore/test_determinism.py::test_number_of_threads",
    "tests/nmfcore/test_nnls.py::test_a_row_has_its_bits_among_ten_thousand",
    "tests/nmfcore/test_range.py::test_float32_is_enough_for_entries_of_many_sizes",
    "tests/nmfcore/test_known_answers.py",
    "tests/nmfcore/test_their_tests.py::test_nmf_sparse_input",
]
SHOW = """
import threadpoolctl, numpy, scipy.linalg
print(*sorted({library["architecture"] for library in threadpoolctl.threadpool_info() if "architecture" in library}))
"""
# OpenBLAS trusts the variable: a kernel whose instructions are missing would stop the process.
NEEDS = {
    "Haswell": {"avx2", "fma"},
    "Zen": {"avx2", "fma"},
    "SkylakeX": {"avx512f", "avx512dq", "avx512bw", "avx512vl"},
}


def flags_of_the_processor() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set())


def run(arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
    )


def run_subset(tests, **environment):
    options = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = run([*options, *tests], **environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


@pytest.mark.parametrize("kernel", NEEDS)
def test_blas_kernels(kernel):
    missing = NEEDS[kernel] - flags_of_the_processor()
    if missing:
        pytest.skip(f"this processor has no {', '.join(sorted(missing))}, which the {kernel} kernels of OpenBLAS use")
    found = run(["-c", SHOW], OPENBLAS_CORETYPE=kernel).stdout.split()
    # OpenBLAS calls its Haswell kernels so for Zen too.
    if not found or not set(found) <= {kernel, "Haswell" if kernel == "Zen" else kernel}:
        pytest.skip(
            f"asked for the {kernel} kernels of OpenBLAS, this NumPy uses {' '.join(found) or 'another library'}"
        )
    if set(found) == {library.get("architecture") for library in threadpoolctl.threadpool_info()} - {None}:
        pytest.skip(f"the {kernel} kernels are in use here already: all other tests ran with them")
    run_subset(SUBSET, OPENBLAS_CORETYPE=kernel)


def test_a_processor_without_extensions():
    # Every kernel is compiled anew: few of them.
    run_subset(SUBSET[2:4], NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="")


def noisy(matmul):
    """Return matmul with last bits that depend on the layout of its arguments, as on some processors they do."""

    def multiply(A, B, out=None, **options):
        result = matmul(A, B, **options)
        kinds = [F.flags.c_contiguous + 2 * F.flags.f_contiguous for F in (A, B) if isinstance(F, np.ndarray)]
        result = result * (1 + np.finfo(result.dtype).eps * sum((i + 1) * kind for i, kind in enumerate(kinds)))
        if out is None:
            return result
        out[...] = result
        return out

    return multiply


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [3, 12])
def test_rows_have_the_same_bits_where_sums_depend_on_the_layout(monkeypatch, k, dtype):
    X, H = make_data("uniform", 300, 40).astype(dtype), make_data("uniform", k, 40, seed=1).astype(dtype)
    plain = non_negative_factorization(X, H=H, n_components=k, update_H=False)[0]
    monkeypatch.setattr(np, "matmul", noisy(np.matmul))
    rows = [
        non_negative_factorization(other, H=H, n_components=k, update_H=False)[0]
        for other in (X, np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2])
    ]
    for other in rows[1:]:
        np.testing.assert_array_equal(other, rows[0])
    if k > 8 and dtype == np.float64:
        assert not np.array_equal(rows[0], plain), "the noise is not seen"
    assert products.np.matmul is np.matmul


@pytest.mark.filterwarnings("ignore:Maximum number of iterations")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "parameters"),
    [((700, 5), {}), ((60, 40), {}), ((5, 700), {}), ((60, 40), {"solver": "mu"}), ((60, 40), {"beta_loss": 1.0})],
    ids=str,
)
def test_fits_have_the_same_bits_where_sums_depend_on_the_layout(monkeypatch, shape, parameters, dtype):
    X = make_data("uniform", *shape).astype(dtype)
    # Compiled loops have the library's products in them, and cannot be compiled with others.
    factorize(X, 3, random_state=0, max_iter=1, **parameters)
    monkeypatch.setattr(np, "matmul", noisy(np.matmul))
    monkeypatch.setattr(np, "dot", noisy(np.dot))
    one, other = (factorize(A, 3, random_state=0, max_iter=20, **parameters) for A in (X, np.asfortranarray(X)))
    np.testing.assert_array_equal(one.W, other.W)
    np.testing.assert_array_equal(one.H, other.H)
    np.testing.assert_array_equal(one.loss_history, other.loss_history)
