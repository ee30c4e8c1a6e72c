from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from segment.io import write_png
from segment.samples.sample import make_micrograph

pytest.importorskip("fastapi", reason="the web app is an extra: pip install 'nmfcore[segment,app]'")


@pytest.fixture(scope="session")
def steel() -> np.ndarray:
    """A synthetic dual-phase steel of 96 x 128 pixels above a band of 12 rows."""
    return make_micrograph("dual_phase_steel", shape=(96, 128)).image


@pytest.fixture(scope="session")
def png(steel, tmp_path_factory) -> bytes:
    """The steel as a PNG file."""
    path = tmp_path_factory.mktemp("png") / "steel.png"
    write_png(path, steel)
    return path.read_bytes()


@pytest.fixture
def drop(tmp_path, png):
    """Return a function that lays a file into an inbox as an upload would; by default the steel as PNG."""

    def lay(name: str, content: bytes | None = None) -> Path:
        folder = tmp_path / "inbox" / f"{len(list(tmp_path.glob('inbox/*')))}"
        folder.mkdir(parents=True)
        path = folder / name
        path.write_bytes(png if content is None else content)
        return path

    return lay


@pytest.fixture
def page(tmp_path):
    """A page of an empty project."""
    from tests.app.service import Page

    return Page(tmp_path)


@pytest.fixture(scope="session")
def segmented(tmp_path_factory, png):
    """The folder of a project with two mapped images of the steel, and its word; to be copied."""
    from tests.app.service import Page

    made = Page(tmp_path_factory.mktemp("segmented"))
    made.drop(("a.png", png), ("b.png", png))
    made.do("set", name="n_phases", value=2)
    made.run("segment")
    assert not made.is_error, made.said
    return made


@pytest.fixture
def opened(page, png):
    """A page with two images of the steel, and two phases asked for."""
    page.drop(("a.png", png), ("b.png", png))
    page.do("set", name="n_phases", value=2)
    return page


@pytest.fixture
def mapped(page, segmented):
    """A page with two mapped images."""
    shutil.copytree(segmented.folder / "projects" / segmented.word, page.folder / "projects" / segmented.word)
    page.word = segmented.word
    return page
