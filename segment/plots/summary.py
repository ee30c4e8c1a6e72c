"""One figure for a batch: what was given, what is known, what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segment.plots.blank import blank_figure
from segment.plots.colours import phase_colours
from segment.plots.figures import draw_scale_bar
from segment.plots.rgb import colour_labels, stretch

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class SummaryRow:
    """One micrograph of a summary figure.

    Attributes
    ----------
    title : str
        Shown beside the row.
    image : ndarray of float32, shape (h, w)
        Grey levels in [0, 1].
    labels : ndarray of uint8, shape (h, w)
        Phases found, numbered like the classes of `truth` where there is one.
    names : tuple of str
        One name an id.
    truth : ndarray of uint8, shape (h, w), optional
        Class ids, 255 where nothing is annotated.
    pixel_size_um : float, optional
        Edge of a pixel in micrometres.
    note : str
        Shown above the phases found, e.g. an agreement.
    """

    title: str
    image: NDArray[np.float32]
    labels: NDArray[np.uint8]
    names: tuple[str, ...]
    truth: NDArray[np.uint8] | None = None
    pixel_size_um: float | None = None
    note: str = ""


def plot_summary(rows: Sequence[SummaryRow]) -> Figure:
    """Plot one row a micrograph: the image, the truth where any row has one, and the phases found.

    Parameters
    ----------
    rows : sequence of SummaryRow
        At least one.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no row.
    """
    if not rows:
        raise ValueError("rows is empty: a summary needs at least one micrograph")
    from matplotlib.patches import Patch

    has_truth = any(row.truth is not None for row in rows)
    columns = 3 if has_truth else 2
    heights = [min(max(row.labels.shape[0] / row.labels.shape[1], 0.2), 2.0) for row in rows]
    figure = blank_figure(3.2 * columns, sum(3.2 * height + 0.65 for height in heights))
    grid = figure.subplots(len(rows), columns, squeeze=False, height_ratios=heights)
    for axes, row in zip(grid, rows, strict=True):
        for ax in axes:
            ax.set_axis_off()
        axes[0].imshow(stretch(row.image), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes[0].set_title(row.title, fontsize=10, loc="left", parse_math=False)
        if row.pixel_size_um is not None:
            draw_scale_bar(axes[0], row.pixel_size_um, (row.labels.shape[0], row.labels.shape[1]))
        if row.truth is not None:
            axes[1].imshow(colour_labels(row.truth, len(row.names)), interpolation="nearest")
            axes[1].set_title("truth", fontsize=10, loc="left")
        axes[-1].imshow(colour_labels(row.labels, len(row.names)), interpolation="nearest")
        axes[-1].set_title("segmented" + (f", {row.note}" if row.note else ""), fontsize=10, loc="left")
        colours = phase_colours(len(row.names)) / 255
        patches = [Patch(color=tuple(colour), label=name) for colour, name in zip(colours, row.names, strict=True)]
        legend = axes[1].legend(
            handles=patches, loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=4, frameon=False, fontsize=8
        )
        for text in legend.get_texts():
            text.set_parse_math(False)
    return figure
