"""A micrograph to try the app with, drawn when it is asked for."""

from __future__ import annotations

import tempfile
from pathlib import Path

SAMPLE = "sample-ductile-iron.tif"


def sample_file() -> bytes:
    """Return a synthetic micrograph of ductile iron with its information band, as the bytes of a TIFF file."""
    import tifffile

    from segment.samples import make_micrograph

    made = make_micrograph("ductile_iron", shape=(480, 640))
    with tempfile.TemporaryDirectory(prefix="segment-sample-") as folder:
        path = Path(folder, SAMPLE)
        tifffile.imwrite(path, made.image)
        return path.read_bytes()
