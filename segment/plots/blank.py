"""The empty figure that every plot begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def blank_figure(width: float, height: float) -> Figure:
    """Return an empty figure of so many inches. Matplotlib loads with the first one, not with this package."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")
