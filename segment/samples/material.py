"""What a synthetic material is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scene = tuple[NDArray[np.float32], NDArray[np.uint8]]


@dataclass(frozen=True)
class Material:
    """A material that can be drawn.

    Attributes
    ----------
    name : str
        Key in `MATERIALS`.
    phases : tuple of str
        Names of the phases; the position is the id in the truth.
    pixel_size_um : float
        Edge of a pixel in micrometres.
    draw : callable
        ``draw(shape, rng)`` returns the ideal signal, float32 in [0, 1], and the phase ids, uint8, both of that shape:
        before blur, shading and noise. In colour the signal has three channels more.
    """

    name: str
    phases: tuple[str, ...]
    pixel_size_um: float
    draw: Callable[[tuple[int, int], np.random.Generator], Scene]
