"""The length and label of a scale bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

UNITS = (("nm", 1e-3), ("µm", 1.0), ("mm", 1e3))


@dataclass(frozen=True)
class ScaleBar:
    """A scale bar of a round length.

    Attributes
    ----------
    length_um : float
        Length in micrometres: 1, 2 or 5 times a power of ten.
    length_px : float
        Length in pixels.
    label : str
        Length with its unit, e.g. ``"2 µm"``.
    """

    length_um: float
    length_px: float
    label: str


def scale_bar(pixel_size_um: float, width_px: int) -> ScaleBar:
    """Choose the longest round scale bar that takes at most a quarter of the width.

    Parameters
    ----------
    pixel_size_um : float
        Edge of a pixel in micrometres.
    width_px : int
        Width of the image in pixels.

    Returns
    -------
    ScaleBar

    Raises
    ------
    ValueError
        If either is not positive and finite.

    Examples
    --------
    >>> scale_bar(0.03, 1024).label
    '5 µm'
    """
    room = pixel_size_um * width_px / 4
    if not 0 < room < math.inf:
        raise ValueError(f"pixel_size_um and width_px must be positive and finite, got {pixel_size_um} and {width_px}")
    decade = 10.0 ** math.floor(math.log10(room))
    # The largest of 1, 2, 5 that fits; rounding of the logarithm may put `room` just below its own decade.
    length = max((step * decade for step in (1, 2, 5) if step * decade <= room), default=decade / 2)
    unit, factor = next(((unit, size) for unit, size in reversed(UNITS) if length >= size), UNITS[0])
    return ScaleBar(length, length / pixel_size_um, f"{length / factor:g} {unit}")
