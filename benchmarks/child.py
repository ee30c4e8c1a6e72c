"""Tasks that run alone in a fresh interpreter: ``python -m benchmarks.child TASK JSON`` prints one line of JSON.

Nothing heavy is imported at the top: what is measured is what the task itself imports.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from time import perf_counter, process_time, sleep
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
    began = perf_counter()
    from benchmarks.peers import PEERS, Job

    job = Job(X, n_components)
    __import__(PEERS[peer].package)
    imported = perf_counter()
    PEERS[peer].fit(job)
    first = perf_counter()
    PEERS[peer].fit(job)
    second = perf_counter()
    return {
        "import_seconds": imported - began,
        "first_seconds": first - imported,
        "second_seconds": second - first,
    }


def peak_memory(peer: str, n_samples: int, n_features: int, n_components: int) -> dict[str, Any]:
    """Fit a large matrix once and say by how much the peak rose above what the process held before, X included."""
    import numpy as np

    from benchmarks.peers import PEERS, SUBJECT, Job

    # The peak does not depend on the number of iterations, their time does.
    limits: dict[str, Any] = {} if peer == SUBJECT else {"max_iter": 2, "stops": False}
    rng = np.random.default_rng(0)
    parts = rng.random((3, n_features), dtype=np.float32)
    small = np.asfortranarray(rng.random((5000, 3), dtype=np.float32) @ parts)
    PEERS[peer].fit(Job(small, n_components, **limits))
    X = np.empty((n_samples, n_features), dtype=np.float32, order="F")
    for start in range(0, n_samples, 1 << 16):
        rows = X[start : start + (1 << 16)]
        rows[:] = rng.random((len(rows), 3), dtype=np.float32) @ parts
        rows += 0.1 * rng.random(rows.shape, dtype=np.float32)
    held = _memory("VmRSS")
    PEERS[peer].fit(Job(X, n_components, **limits))
    return {"x_bytes": X.nbytes, "held_bytes": held, "peak_bytes": _memory("VmHWM")}


def training_memory(count: int, crop: int | None) -> dict[str, Any]:
    """Train the default preset on micrographs and segment one; say what the process held at its peak, all included."""
    from benchmarks.cases.pipeline import N_PHASES
    from benchmarks.micrographs import load_images
    from segment import Segmenter

    images, _ = load_images(count, crop)
    Segmenter(N_PHASES).fit(images).predict(images[0])
    return {"peak_bytes": _memory("VmHWM")}


def _memory(field: str, process: int | None = None) -> int:
    """Read a field of a process's memory in bytes, of this one's by default.

    `ru_maxrss` would begin at the peak of the parent process.
    """
    from pathlib import Path

    lines = Path(f"/proc/{process or 'self'}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def stream_rows(folder: str, n_samples: int, n_features: int, n_components: int) -> dict[str, Any]:
    """Write features of many rows to a file, learn from it and write the weights to another, block by block."""
    from pathlib import Path

    import numpy as np

    from nmfcore import NMF

    rng = np.random.default_rng(0)
    parts = rng.random((3, n_features), dtype=np.float32)
    features, weights = Path(folder, "features.npy"), Path(folder, "weights.npy")
    X = np.lib.format.open_memmap(features, mode="w+", dtype=np.float32, shape=(n_features, n_samples))
    for start in range(0, n_samples, 1 << 18):
        rows = rng.random((min(1 << 18, n_samples - start), 3), dtype=np.float32) @ parts
        rows += 0.1 * rng.random(rows.shape, dtype=np.float32)
        X[:, start : start + len(rows)] = rows.T
    X.flush()
    del X
    X = np.load(features, mmap_mode="r").T
    out = np.lib.format.open_memmap(weights, mode="w+", dtype=np.float32, shape=(n_samples, n_components))
    # Pages of the two files come and go as the system likes; what the process itself holds is anonymous memory.
    NMF(n_components, random_state=0).fit(np.array(X[:20_000])).transform(X[:20_000], out=out[:20_000])
    held = _memory("RssAnon")
    peak = held

    def look(progress: Any) -> None:
        nonlocal peak
        peak = max(peak, _memory("RssAnon"))

    start, cpu = perf_counter(), process_time()
    model = NMF(n_components, random_state=0).fit(X, callback=look)
    fitted, fit_cpu = perf_counter(), process_time()
    model.transform(X, out=out)
    seconds, transform_cpu = perf_counter() - fitted, process_time() - fit_cpu
    return {
        "fit_seconds": fitted - start,
        "fit_cpu_seconds": fit_cpu - cpu,
        "transform_seconds": seconds,
        "transform_cpu_seconds": transform_cpu,
        "iterations": model.n_iter_,
        "above_bytes": max(peak, _memory("RssAnon")) - held,
        "file_bytes": features.stat().st_size,
    }


def first_page() -> dict[str, Any]:
    """Start the app, load its page, also in Chromium where there is one, and end it.

    Seconds since the start: until the page was served, until the browser showed something, until it could be used; and
    the CPU that the process that serves took until the first.
    """
    import os
    import re
    import shutil
    import subprocess
    import tempfile
    from contextlib import ExitStack
    from importlib.util import find_spec
    from pathlib import Path
    from time import time
    from urllib.request import urlopen

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with ExitStack() as stack:
        tab = None
        if chromium is not None and find_spec("playwright") is not None:
            from playwright.sync_api import sync_playwright

            flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browsers = stack.enter_context(sync_playwright()).chromium
            tab = stack.enter_context(browsers.launch(executable_path=chromium, args=flags)).new_page()
        seen: dict[str, Any] = {"painted": None, "usable": None}
        start, started = perf_counter(), time()
        projects = stack.enter_context(tempfile.TemporaryDirectory())
        command = [sys.executable, "-m", "segment", "ui", "--no-browser", "--port", "0", "--projects", projects]
        app = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        stack.callback(app.terminate)
        assert app.stdout is not None
        address = re.search(r"http://[\d.:]+", app.stdout.readline())
        if address is None:
            raise RuntimeError("the app did not start")
        urlopen(address[0]).read()
        seconds = perf_counter() - start
        # proc(5): user and system time are the 14th and 15th field; the 2nd may contain spaces.
        fields = Path(f"/proc/{app.pid}/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        if tab is not None:
            tab.goto(address[0])
            tab.get_by_role("button", name="Segment", exact=True).wait_for()
            seen["usable"] = perf_counter() - start
            first = "performance.timeOrigin + performance.getEntriesByName('first-contentful-paint')[0].startTime"
            seen["painted"] = tab.evaluate(first) / 1000 - started
    return {"seconds": seconds, "cpu_seconds": ticks / os.sysconf("SC_CLK_TCK"), **seen}


def app_runs(shape: tuple[int, int], n_phases: int, runs: int) -> dict[str, Any]:
    """Upload an image and segment it, again and again in one project, as the page does; no browser takes part."""
    import multiprocessing
    import os
    import tempfile
    from pathlib import Path

    from starlette.testclient import TestClient

    from segment.app.jobs import Jobs
    from segment.app.limits import Limits
    from segment.app.projects import Projects
    from segment.app.routes import make_app
    from segment.app.uploads import Inbox
    from segment.app.worker import Worker
    from segment.io import write_png
    from segment.samples import make_micrograph

    seconds: list[float] = []
    memory: dict[str, list[int]] = {"page_bytes": [], "worker_bytes": []}
    with tempfile.TemporaryDirectory() as folder:
        # For this process, and for the one that it starts.
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        worker = Worker()
        service = make_app(
            Projects(Path(folder, "projects")), Inbox(Path(folder, "inbox")), Jobs(worker), Limits(), ("testserver",)
        )
        picture = Path(folder, "picture.png")
        write_png(picture, make_micrograph("ductile_iron", shape=(shape[0], shape[1])).image)
        content = picture.read_bytes()
        worker.start()
        client = TestClient(service)
        place = f"/project/{client.post('/projects').json()['word']}"
        client.post(f"{place}/do/set", json={"name": "n_phases", "value": n_phases})
        for _ in range(runs):
            start = perf_counter()
            client.post(f"{place}/files?name=iron.png", content=content)
            client.post(f"{place}/take", json={})
            client.post(f"{place}/run/segment", json={})
            while client.get(f"{place}/job").json()["job"]["state"] == "running":
                sleep(0.02)
            image = client.get(place).json()["view"]["images"][0]
            client.get(image["colours"]).raise_for_status()
            seconds.append(perf_counter() - start)
            client.post(f"{place}/do/remove", json={"image": image["name"]})
            (child,) = multiprocessing.active_children()
            memory["page_bytes"].append(_memory("VmRSS"))
            memory["worker_bytes"].append(_memory("VmRSS", child.pid))
        client.post(f"{place}/close")
        worker.stop()
        picture.unlink()
        left = sum(path.is_file() for path in Path(folder).rglob("*"))
    return {"seconds": seconds, **memory, "files_left": left}


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "time_import": time_import,
    "first_fit": first_fit,
    "peak_memory": peak_memory,
    "training_memory": training_memory,
    "stream_rows": stream_rows,
    "first_page": first_page,
    "app_runs": app_runs,
}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))) + "\n")
