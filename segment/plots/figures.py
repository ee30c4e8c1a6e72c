"""Matplotlib figures of one phase map. None touches pyplot: save them with ``figure.savefig(path)``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segment.plots.blank import blank_figure
from segment.plots.colours import colours_of
from segment.plots.rgb import blend, colour_labels, titles
from segment.plots.scale_bar import scale_bar
from segment.records import PhaseMap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.0
MOST_NUMBERED = 16


def plot_phases(phase_map: PhaseMap) -> Figure:
    """Plot the coloured phases with a legend of fractions, and a scale bar where the pixel size is known.

    Parameters
    ----------
    phase_map : PhaseMap

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> from segment import Segmenter
    >>> image = np.zeros((32, 32), dtype=np.float32)
    >>> image[:, 16:] = 1.0
    >>> figure = plot_phases(Segmenter(2).fit_predict(image))
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['phase 0  50.0 %', 'phase 1  50.0 %']
    """
    return _plot_single(phase_map, colour_labels(phase_map.labels, len(phase_map.names), colours_of(phase_map)))


def plot_overlay(phase_map: PhaseMap, opacity: float = 0.4) -> Figure:
    """Plot the coloured phases over the micrograph.

    Parameters
    ----------
    phase_map : PhaseMap
    opacity : float, default 0.4
        Weight of the colours, 0 to 1.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If `opacity` is not within 0 to 1.
    """
    return _plot_single(phase_map, blend(phase_map, opacity))


def plot_components(phase_map: PhaseMap) -> Figure:
    """Plot the abundance of every phase, each in a panel of its own with one shared colour bar from 0 to 1.

    Parameters
    ----------
    phase_map : PhaseMap

    Returns
    -------
    matplotlib.figure.Figure
    """
    k = len(phase_map.names)
    columns = math.ceil(math.sqrt(k))
    rows = math.ceil(k / columns)
    height, width = phase_map.labels.shape
    panel = 3.0
    figure = blank_figure(columns * panel + 0.8, rows * (_aspect(height, width) * panel + 0.3))
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, membership, title in zip(axes, phase_map.abundances, titles(phase_map), strict=False):
        drawn = ax.imshow(membership, vmin=0, vmax=1, cmap="viridis", interpolation="nearest")
        ax.set_title(title, fontsize=9, parse_math=False)
        figure.colorbar(drawn, ax=ax, label="abundance") if ax is axes[k - 1] else None
    for ax in axes:
        ax.set_axis_off()
    return figure


def plot_fingerprints(fingerprints: NDArray[np.float32], feature_names: Sequence[str], names: Sequence[str]) -> Figure:
    """Plot H as a heat map: how strongly each phase shows each feature.

    Parameters
    ----------
    fingerprints : ndarray of float, shape (k, n_features)
        Rows of H at unit length, as `FittedModel.fingerprints`.
    feature_names : sequence of str
        One a column.
    names : sequence of str
        One a row.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the names do not fit the shape.
    """
    if fingerprints.shape != (len(names), len(feature_names)):
        raise ValueError(
            f"fingerprints of shape {fingerprints.shape} need {fingerprints.shape[0]} names and as many feature names "
            f"as columns, got {len(names)} and {len(feature_names)}"
        )
    k, n_features = fingerprints.shape
    is_wide = n_features > MOST_NUMBERED
    width = min(0.7 * n_features, 11.2) if not is_wide else min(11.2 + 0.1 * (n_features - MOST_NUMBERED), 16.0)
    figure = blank_figure(2.2 + width, 1.6 + 0.4 * k)
    ax = figure.subplots()
    top = max(float(fingerprints.max()), 1e-12)
    drawn = ax.pcolormesh(fingerprints, vmin=0, vmax=top, cmap="viridis")
    ax.invert_yaxis()
    # Names are left out in between where they would not fit beside each other.
    step = max(1, math.ceil(n_features / (6 * width)))
    places = range(0, n_features, step)
    ax.set_xticks(
        [place + 0.5 for place in places],
        [feature_names[place] for place in places],
        rotation=90 if is_wide else 45,
        ha="center" if is_wide else "right",
        rotation_mode="default" if is_wide else "anchor",
        fontsize=7 if is_wide else 9,
        parse_math=False,
    )
    ax.set_yticks(np.arange(k) + 0.5, names, parse_math=False)
    if not is_wide:
        for (row, column), value in np.ndenumerate(fingerprints):
            shade = "black" if value > 0.6 * top else "white"
            ax.text(column + 0.5, row + 0.5, f"{value:.2f}", ha="center", va="center", fontsize=8, color=shade)
    figure.colorbar(drawn, ax=ax, label="weight")
    return figure


def draw_scale_bar(ax: Axes, pixel_size_um: float, shape: tuple[int, int]) -> None:
    """Draw a scale bar into the lower right corner of an image that fills `ax`."""
    from matplotlib.patches import Rectangle

    height, width = shape
    bar = scale_bar(pixel_size_um, width)
    x, y = 0.97 * width - bar.length_px, 0.95 * height
    pad = 0.015 * width
    box = (x - pad, y - 0.07 * height), bar.length_px + 2 * pad, 0.10 * height
    ax.add_patch(Rectangle(*box, facecolor="white", alpha=0.8, edgecolor="none"))
    ax.add_patch(Rectangle((x, y), bar.length_px, 0.012 * height, facecolor="black", edgecolor="none"))
    ax.text(x + bar.length_px / 2, y - 0.01 * height, bar.label, ha="center", va="bottom", fontsize=8)


def _plot_single(phase_map: PhaseMap, picture: NDArray[np.uint8]) -> Figure:
    from matplotlib.patches import Patch

    height, width = phase_map.labels.shape
    figure = blank_figure(WIDTH, WIDTH * _aspect(height, width) + 0.6)
    ax = figure.subplots()
    ax.imshow(picture, interpolation="nearest")
    ax.set_axis_off()
    edge = phase_map.micrograph.calibration.pixel_size_um
    if edge is not None:
        draw_scale_bar(ax, edge, (height, width))
    colours = colours_of(phase_map) / 255
    patches = [Patch(color=tuple(colour), label=text) for colour, text in zip(colours, titles(phase_map), strict=True)]
    legend = ax.legend(
        handles=patches, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=min(4, len(patches)), frameon=False
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def _aspect(height: int, width: int) -> float:
    # A strip of pixels would otherwise ask for a page too long or too flat to draw.
    return min(max(height / width, 0.1), 4.0)
