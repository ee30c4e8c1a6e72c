"""One synthetic micrograph."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sample:
    """A synthetic micrograph and its truth."""

    image: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    names: tuple[str, ...]
    fractions: NDArray[np.float64]
    pixel_size_um: float


def make_micrograph(material: str, *, shape: tuple[int, int] = (512, 640), seed: int = 0, band: bool = True) -> Sample:
    """Make one."""
    raise NotImplementedError
