"""Say in words what the figures were measured on, without naming the host."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

PACKAGES = ("nmfcore", "numpy", "scipy", "numba", "scikit-learn", "opencv-python-headless", "torch")


def describe_machine() -> dict[str, Any]:
    """Describe processor, cores, memory and operating system.

    Returns
    -------
    dict
        Keys "cpu", "cores" (those this process may use), "memory_gib" (None where unknown), "system".
    """
    return {
        "cpu": _cpu_model(),
        "cores": available_cores(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def describe_versions(more: Iterable[str] = ()) -> dict[str, str]:
    """Give the versions of Python and of every package whose speed enters the figures, `more` among them."""
    versions = {"python": platform.python_version()}
    for package in dict.fromkeys((*PACKAGES, *more)):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def describe_threads() -> dict[str, Any]:
    """Give the threads of each loaded numerical library and the variables that limit them."""
    # Not at the top: fresh processes that time an import come through here.
    from nmfcore import get_num_threads

    pools = {
        f"{pool['internal_api']} ({Path(pool['filepath']).name.partition('.')[0]})": pool["num_threads"]
        for pool in threadpool_info()
    }
    limits = {name: value for name, value in sorted(os.environ.items()) if name.endswith("_NUM_THREADS")}
    return {"cores": available_cores(), "nmfcore": get_num_threads(), "pools": pools, "limits": limits}


def available_cores() -> int:
    """Count the cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None
