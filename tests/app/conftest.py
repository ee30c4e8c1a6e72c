from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segment.io import write_png
from segment.samples.sample import make_micrograph

pytest.importorskip("gradio", reason="the web app is an extra: pip install 'nmfcore[segment,app]'")


@pytest.fixture(scope="session")
def steel() -> np.ndarray:
    """A synthetic dual-phase steel of 96 x 128 pixels above a band of 12 rows."""
    return make_micrograph("dual_phase_steel", shape=(96, 128)).image


@pytest.fixture
def drop(tmp_path, steel):
    """Return a function that lays a file into an inbox as an upload would; by default the steel as PNG."""

    def lay(name: str, content: bytes | None = None) -> Path:
        folder = tmp_path / "inbox" / f"{len(list(tmp_path.glob('inbox/*')))}"
        folder.mkdir(parents=True)
        path = folder / name
        if content is None:
            write_png(path.with_suffix(".png"), steel)
            path.with_suffix(".png").rename(path)
        else:
            path.write_bytes(content)
        return path

    return lay
