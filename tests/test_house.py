from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import typing
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("nmfcore", "segment")
HEAVY = ("matplotlib", "cv2", "pandas", "dask", "torch", "tifffile", "PIL")


def test_kernels_are_cached_by_a_hash_of_the_sources():
    import numba

    assert os.environ["NUMBA_CACHE_DIR"] == numba.config.CACHE_DIR
    assert Path(numba.config.CACHE_DIR).parent == ROOT / ".pytest_cache" / "numba"


@pytest.mark.parametrize("name", PACKAGES)
def test_the_public_surface_is_all(name):
    package = import_module(name)
    exported = package.__all__
    assert sorted(set(exported)) == list(exported), "__all__ is sorted and has no duplicates"
    for member in exported:
        assert getattr(package, member) is not None
    own = {
        member
        for member in dir(package)
        if not member.startswith("_")
        and not isinstance(getattr(package, member), ModuleType)
        and not hasattr(typing, member)
    }
    assert own == {member for member in exported if not member.startswith("_")}


def _loaded_by(statement: str, modules: tuple[str, ...]) -> set[str]:
    code = f"import sys; {statement}; print(*[name for name in {modules!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_the_engine_imports_nothing_heavy():
    # scikit-learn's base classes themselves load pandas where it is installed.
    assert _loaded_by("import nmfcore", HEAVY) <= _loaded_by("import sklearn.base", HEAVY)
    assert _loaded_by("import cv2", HEAVY) == {"cv2"}


def test_the_command_starts_without_the_engine():
    assert _loaded_by("import segment.cli", ("nmfcore", "cv2", "matplotlib.pyplot")) == set()


def test_the_app_shows_its_page_without_what_computes():
    slow = ("numba", "sklearn", "matplotlib", "scipy.optimize", "scipy.ndimage")
    assert _loaded_by("import segment.app.routes", slow) == set()


def test_the_commands_of_the_readme_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", (ROOT / "README.md").read_text()))
    assert {"demo", "test"} <= named <= targets


def test_everybody_names_the_same_version():
    import nmfcore

    citation = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), flags=re.MULTILINE)
    assert citation is not None
    assert citation[1] == nmfcore.__version__
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert headings[0] == "Unreleased" or headings[0] == nmfcore.__version__
    assert nmfcore.__version__ in headings
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_lock_file_covers_every_dependency_and_names_no_host():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = re.search(r"^LOCKED := (.+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert locked is not None
    assert {*locked[1].split(), "interop", "peers", "em"} == project["optional-dependencies"].keys()
    extras = [project["optional-dependencies"][name] for name in locked[1].split()]
    wanted = {
        re.split(r"[\s\[<>=!~;]", requirement)[0].lower()
        for group in (project["dependencies"], *extras)
        for requirement in group
    }
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert all(re.match(r"[a-z0-9._-]+==[^\s:/@]+( ; .+)?$", line) for line in lines)
    assert wanted <= {line.partition("==")[0] for line in lines}


def test_continuous_integration_is_an_executable_that_stops_at_failures():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text().splitlines()
    assert "set -euo pipefail" in lines
    assert "make test" in lines
    assert "make check" in lines
