"""The objective against time, one panel a matrix, every contender in one colour throughout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from benchmarks.records import Curve

SMALLEST_EXCESS = 1e-6
COLUMNS = 3
COLOURS = [colormaps["tab20"](number) for number in (0, 2, 3, 6, 4, 8, 10, 12, 14, 16, 18, 1)]


def draw_curves(curves: Sequence[Curve], path: Path) -> None:
    """Draw curves and save the figure, without panels in which every contender is one point, unless all are such.

    Parameters
    ----------
    curves : sequence of Curve
    path : Path
        The suffix chooses the format.

    Notes
    -----
    The vertical axis is logarithmic: loss / (lowest loss of any curve in the panel) - 1, and never below 1e-6.
    """
    panels = list(dict.fromkeys(curve.panel for curve in curves if len(curve.seconds) > 1))
    panels = panels or list(dict.fromkeys(curve.panel for curve in curves))
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(6.4 * columns, 4.4 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    labels = list(dict.fromkeys(curve.label for curve in curves))
    for axis, panel in zip(axes, panels, strict=False):
        mine = [curve for curve in curves if curve.panel == panel]
        best = min(min(curve.objective) for curve in mine)
        for curve in mine:
            excess = [max(value / best - 1, SMALLEST_EXCESS) if best else 0.0 for value in curve.objective]
            colour = COLOURS[labels.index(curve.label) % len(COLOURS)]
            axis.plot(curve.seconds, excess, marker="o", markersize=4, label=curve.label, color=colour)
        axis.set_xscale("log")
        axis.set_yscale("log")
        # Powers of ten are enough; what lies between them overlaps on a short axis.
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_title(panel, fontsize="medium")
        axis.set_xlabel("seconds for one warm call, initialisation included")
        axis.set_ylabel(f"loss above the best seen, relative (at least {SMALLEST_EXCESS:g})")
        axis.grid(alpha=0.3, which="both")
        axis.legend(fontsize="small")
    figure.savefig(path)
