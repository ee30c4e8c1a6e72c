from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent


def _numba_cache() -> Path:
    """Name a cache folder by a hash of the engine's sources.

    Numba stamps a cached kernel with its own file only, so an edit in a callee in another file would go unseen.
    """
    digest = hashlib.sha256()
    for source in sorted((ROOT / "nmfcore").rglob("*.py")):
        digest.update(source.relative_to(ROOT).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return ROOT / ".pytest_cache" / "numba" / digest.hexdigest()[:16]


def _discard_stale_caches(current: Path, days: float = 3.0) -> None:
    for folder in current.parent.iterdir():
        if folder != current and time.time() - folder.stat().st_mtime > days * 86400:
            for path in sorted(folder.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
            folder.rmdir()


# Set here, before any test imports nmfcore, and inherited by the subprocesses that tests start.
_cache = _numba_cache()
_cache.mkdir(parents=True, exist_ok=True)
os.utime(_cache)
_discard_stale_caches(_cache)
os.environ["NUMBA_CACHE_DIR"] = str(_cache)
os.environ.setdefault("MPLBACKEND", "Agg")
# Test workers are given the width of the terminal, and tables would be folded to it.
os.environ.pop("COLUMNS", None)

# The first call of a kernel compiles it: no deadline, and no complaint that the first example was slow.
_slow_start = [HealthCheck.too_slow]
settings.register_profile("default", max_examples=20, deadline=None, suppress_health_check=_slow_start)
settings.register_profile("ci", parent=settings.get_profile("default"), derandomize=True)
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))


def pytest_report_header() -> str:
    """Say what computes: results have the same bits on one processor, with one BLAS kernel."""
    import numba
    import threadpoolctl

    libraries = [one for one in threadpoolctl.threadpool_info() if one["user_api"] == "blas"]
    kernels = sorted({f"{one['internal_api']} {one.get('architecture', '')}".strip() for one in libraries})
    return f"BLAS: {', '.join(kernels) or 'unknown'}; Numba for {numba.config.CPU_NAME or 'this processor'}"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of labelled micrographs: NMFCORE_DATA, or ../shared/data beside the checkout; skips where absent."""
    folder = Path(os.environ.get("NMFCORE_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no labelled micrographs in {folder.name!r}: point NMFCORE_DATA at the folder of metaldam/, uhcs/")
    return folder


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, driven by Playwright; one for all tests of a process, which has room for one driver."""
    reason = "Playwright drives the browser: pip install playwright"
    sync_api = pytest.importorskip("playwright.sync_api", reason=reason)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here: install Debian's package chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()
