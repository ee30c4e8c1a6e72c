"""Contact sheets: many maps of one image, and where they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.plots.blank import blank_figure
from segment.plots.rgb import colour_labels, stretch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 6
# Inches and dots per inch of a panel; a thumbnail has about as many pixels as are printed.
PANEL = 2.2
DPI = 110
TITLE = 0.42
GAP = 0.08
OPACITY = 0.6


def plot_sheet(
    image: NDArray[np.float32],
    maps: Sequence[NDArray[np.uint8]],
    titles: Sequence[str],
    *,
    columns: int = COLUMNS,
) -> Figure:
    """Plot the image and, over it, each of several maps of it, side by side and numbered from 1.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Grey levels in [0, 1].
    maps : sequence of ndarray of uint8, 2-D
        Phase ids of the same field, at the image's size or smaller.
    titles : sequence of str
        One or two lines a map.
    columns : int, default 6
        Panels in a row.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``dpi=110``: thumbnails are drawn for that.

    Raises
    ------
    ValueError
        If there is not one title a map, or no column.

    Examples
    --------
    >>> image = np.zeros((30, 40), np.float32)
    >>> len(plot_sheet(image, [np.zeros((15, 20), np.uint8)] * 7, ["a"] * 7).axes)
    8
    """
    if len(titles) != len(maps) or columns < 1:
        raise ValueError(f"{len(maps)} maps need as many titles and at least 1 column, got {len(titles)} and {columns}")
    height, width = image.shape
    aspect = min(max(height / width, 0.2), 5.0)
    across, down = PANEL, PANEL * aspect
    size = (max(1, round(DPI * across)), max(1, round(DPI * down)))
    grey = np.asarray(cv2.resize(stretch(image), size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    panels = [(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), "the image\n")]
    panels += [(thumbnail(grey, labels), title) for labels, title in zip(maps, titles, strict=True)]
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    total = (columns * (across + GAP) + GAP, rows * (down + TITLE + GAP) + GAP)
    figure = blank_figure(*total)
    # Placed by hand: finding a layout for fifty panels takes seconds.
    figure.set_layout_engine("none")
    for index, (picture, title) in enumerate(panels):
        left = GAP + index % columns * (across + GAP)
        bottom = total[1] - (index // columns + 1) * (down + TITLE + GAP)
        ax = figure.add_axes((left / total[0], bottom / total[1], across / total[0], down / total[1]))
        ax.imshow(picture, aspect="auto", interpolation="nearest")
        ax.set_axis_off()
        ax.set_title(title, fontsize=7.5, pad=2, loc="left", parse_math=False)
        if index:
            ax.text(
                *(0.02, 0.97, str(index)),
                transform=ax.transAxes,
                va="top",
                fontweight="bold",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            )
    return figure


def thumbnail(grey: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colour a small grey image by a map of the same field, whatever the map's size; RGB, at the image's size."""
    small = np.asarray(cv2.resize(labels, grey.shape[::-1], interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    colours = colour_labels(small, int(labels.max()) + 1)
    return np.asarray(
        cv2.addWeighted(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), 1 - OPACITY, colours, OPACITY, 0), dtype=np.uint8
    )


def plot_uncertainty(image: NDArray[np.float32], uncertainty: NDArray[np.float32]) -> Figure:
    """Plot how often maps of an image disagree about each pixel, beside the image.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Grey levels in [0, 1].
    uncertainty : ndarray of float32, shape (h, w)
        Fraction of disagreeing maps, 0 to 1, as `segment.explore.uncertainty_map`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if image.shape != uncertainty.shape:
        raise ValueError(f"image and uncertainty must have one shape, got {image.shape} and {uncertainty.shape}")
    height, width = image.shape
    figure = blank_figure(11.0, min(max(5.0 * height / width, 1.5), 20.0) + 0.4)
    left, right = figure.subplots(1, 2)
    left.imshow(stretch(image), cmap="gray")
    drawn = right.imshow(uncertainty, vmin=0, vmax=1, cmap="viridis", interpolation="nearest")
    for ax in (left, right):
        ax.set_axis_off()
    figure.colorbar(drawn, ax=right, label="fraction of maps that disagree", shrink=0.8)
    return figure
