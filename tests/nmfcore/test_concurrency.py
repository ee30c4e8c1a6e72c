from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl

from nmfcore import NMF, get_num_threads, set_num_threads
from nmfcore.passes import BLAS_ALONE
from tests.nmfcore.data import make_data

ROOT = Path(__file__).resolve().parents[2]
SHAPES = [(40000, 6), (600, 200), (150, 1500)]


@pytest.fixture(params=[1, 2])
def threads(request):
    before = get_num_threads()
    set_num_threads(request.param)
    yield
    set_num_threads(before)


@pytest.mark.usefixtures("threads")
@pytest.mark.filterwarnings("ignore:Maximum number of iterations")
def test_fits_from_several_threads_at_once():
    data = [make_data("uniform", *shape, seed=seed) for shape in SHAPES for seed in range(2)]

    def fit(X):
        model = NMF(4, random_state=0, max_iter=15, init="random")
        return model.fit_transform(X), model.components_

    alone = [fit(X) for X in data]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(fit, data * 3))
    for found, expected in zip(together, alone * 3, strict=True):
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


def test_blas_is_alone_in_every_thread():
    def inside(_):
        with BLAS_ALONE:
            info = threadpoolctl.threadpool_info()
            return [library["num_threads"] for library in info if library["user_api"] == "blas"]

    # The first thread to limit BLAS once kept the right to.
    assert set(inside(0)) <= {1}
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(inside, range(4)):
            assert set(found) <= {1}


def test_leaves_the_threads_of_blas_as_they_were():
    def blas():
        return [library["num_threads"] for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"]

    def fit(seed):
        NMF(4, random_state=seed, tol=1e-3).fit(make_data("uniform", 60, 40, seed=seed))

    before = blas()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fit, range(40)))
    assert blas() == before


FORK = """
import os, sys
import numpy as np
from nmfcore import NMF, set_num_threads
set_num_threads(2)
X = np.random.default_rng(0).random((40000, 4))
expected = NMF(2, random_state=0).fit_transform(X)
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(NMF(2, random_state=0).fit_transform(X), expected) else 3)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_forked_child_can_fit():
    run = subprocess.run([sys.executable, "-c", FORK], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr


AT_THE_END = """
import atexit, threading, time
import numpy as np
from nmfcore import NMF, set_num_threads
X = np.random.default_rng(0).random((40000, 4))
set_num_threads(2)
main = threading.current_thread()

def fit():
    return NMF(2, random_state=0).fit(X).components_

expected = {FIRST}

def late():
    while main.is_alive():
        pass
    assert expected is None or np.array_equal(fit(), expected)
    print(fit().shape)

if {IN_A_THREAD}:
    threading.Thread(target=late).start()
else:
    main = threading.Thread()
    atexit.register(late)
"""


@pytest.mark.parametrize("in_a_thread", [True, False])
@pytest.mark.parametrize("first", ["fit()", "None"])
def test_fits_while_the_interpreter_shuts_down(first, in_a_thread):
    code = AT_THE_END.replace("{FIRST}", first).replace("{IN_A_THREAD}", str(in_a_thread))
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (run.stdout, run.stderr) == ("(2, 4)\n", "")
