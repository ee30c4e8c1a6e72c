"""Pictures of objects: their outlines on the micrograph, and their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from segment.plots.blank import blank_figure
from segment.plots.rgb import stretch
from segment.records import Outline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from segment.objects import SizeDistribution

OUTLINE = (255, 140, 0)
# Fractions of a pixel that OpenCV draws lines with, as a power of two.
SHIFT = 4
# Outlines of one pixel would hide objects of a few: small images are drawn larger.
LEAST_WIDTH = 768


def outline_picture(
    image: NDArray[np.floating], outlines: Sequence[Outline], colour: tuple[int, int, int] = OUTLINE
) -> NDArray[np.uint8]:
    """Draw the outlines of objects on the micrograph.

    Parameters
    ----------
    image : ndarray of float, shape (h, w)
        Grey levels, stretched to full contrast.
    outlines : sequence of Outline
        As `segment.objects.trace_outlines` returns them.
    colour : (int, int, int), default orange
        RGB, 0 to 255.

    Returns
    -------
    ndarray of uint8, shape (f h, f w, 3)
        RGB; f is 1 for images of 768 pixels and more in width, else the least whole number that reaches it.
    """
    factor = -(-LEAST_WIDTH // image.shape[1]) if image.shape[1] < LEAST_WIDTH else 1
    grey = np.kron(stretch(image.astype(np.float32)), np.ones((factor, factor), dtype=np.uint8))
    picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
    # OpenCV's coordinates count from the centre of the first pixel.
    rings = [np.round((outline.points * factor - 0.5) * 2**SHIFT).astype(np.int32) for outline in outlines]
    cv2.polylines(picture, rings, True, colour, 1, cv2.LINE_AA, SHIFT)
    return np.asarray(picture, dtype=np.uint8)


def plot_sizes(
    diameters: ArrayLike, sizes: SizeDistribution, unit: str = "px", weights: ArrayLike | None = None
) -> Figure:
    """Plot the size distribution: density over the logarithm of the diameter, cumulative curve, percentiles and means.

    Parameters
    ----------
    diameters : array-like of float, shape (n,)
        Equivalent diameters.
    sizes : SizeDistribution
        What `segment.objects.size_distribution` says of them.
    unit : str, default "px"
        Of the diameters.
    weights : array-like of float, shape (n,), optional
        As given to `segment.objects.size_distribution`.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from segment.objects import size_distribution
    >>> figure = plot_sizes([1.0, 2.0, 3.0], size_distribution([1.0, 2.0, 3.0]))
    >>> figure.axes[0].get_xlabel()
    'equivalent diameter (px)'
    """
    # Slow to load, and few pictures want it.
    from segment.objects import size_density

    x = np.asarray(diameters, dtype=np.float64)
    w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=np.float64)
    x, w = x[w > 0], w[w > 0]
    grid = np.geomspace(x.min() / 1.6, x.max() * 1.6, 256)
    figure = blank_figure(6.0, 3.6)
    ax = figure.subplots()
    ax.fill_between(grid, size_density(x, grid, w, quantity=sizes.quantity), color="#4477aa", alpha=0.35, linewidth=0)
    ax.set(xscale="log", xlabel=f"equivalent diameter ({unit})", ylabel=f"density by {sizes.quantity}")
    ax.set_ylim(bottom=0)
    ax.plot(x, np.full(len(x), -0.02), "|", color="black", alpha=0.4, transform=ax.get_xaxis_transform(), clip_on=False)
    for name, value in sizes.percentiles.items():
        ax.axvline(value, color="#aa3377", linewidth=1)
        ax.text(value, 1.0, name, transform=ax.get_xaxis_transform(), ha="center", va="bottom", fontsize=8)
    lines = [f"N = {sizes.n}"]
    for mean in sizes.means:
        reach = "" if mean.ci95 is None else f" ± {mean.ci95:.2g}"
        lines.append(f"{mean.name} = {mean.value:.4g}{reach} {unit}")
    ax.text(0.98, 0.95, "\n".join(lines), transform=ax.transAxes, ha="right", va="top", fontsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    return figure
