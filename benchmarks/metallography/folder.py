"""Where the sets lie, and what is said of those that are absent."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


def data_root() -> Path:
    """Return the folder that NMFCORE_DATA names, by default ``../shared/data`` beside the checkout."""
    return Path(os.environ.get("NMFCORE_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")


def files(pattern: str, skipped: list[str]) -> list[Path]:
    """Return the files of a pattern such as ``inclusions/*.png``; where there is none, say so in `skipped`."""
    found = sorted(data_root().glob(pattern))
    if not found:
        skipped.append(f"no {pattern} in the folder of the sets")
    return found


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Read an image as 8-bit grey levels."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise OSError(f"cannot read {path.name}")
    return np.asarray(image, dtype=np.uint8)
