"""The objective against time, one panel a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.records import Curve


def draw_curves(curves: Sequence[Curve], paths: Sequence[Path]) -> None:
    """Draw curves and save the figure under every one of `paths`.

    Parameters
    ----------
    curves : sequence of Curve
    paths : sequence of Path
        The suffix of each chooses its format.
    """
    panels = list(dict.fromkeys(curve.panel for curve in curves))
    figure = Figure(figsize=(6.4 * len(panels), 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, panel in zip(axes, panels, strict=True):
        for curve in curves:
            if curve.panel == panel:
                axis.plot(curve.seconds, curve.objective, marker="o", markersize=4, label=curve.label)
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_title(panel)
        axis.set_xlabel("seconds for one warm call, initialisation included")
        axis.set_ylabel("loss / half the squared norm of X")
        axis.grid(alpha=0.3, which="both")
        axis.legend()
    for path in paths:
        figure.savefig(path, dpi=120)
