"""MetalDAM."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segment.records import Micrograph


@dataclass(frozen=True)
class LabelledMicrograph:
    """A micrograph and its annotation."""

    micrograph: Micrograph
    mask: NDArray[np.uint8] | None
    classes: tuple[str, ...]


def load_metaldam(source: str | Path = "Voxel51/OD_MetalDAM", *, split: str | None = None) -> list[LabelledMicrograph]:
    """Load MetalDAM."""
    raise NotImplementedError
