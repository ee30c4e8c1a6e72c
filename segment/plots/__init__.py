"""Pictures: full-size arrays for files, matplotlib figures for papers and notebooks."""

from segment.plots.choice import plot_choice
from segment.plots.colours import colour_table, phase_colours
from segment.plots.columns import plot_columns
from segment.plots.figures import plot_components, plot_fingerprints, plot_overlay, plot_phases
from segment.plots.fractions import plot_fractions
from segment.plots.legend import legend_strip
from segment.plots.loss import plot_loss
from segment.plots.marks import mark_picture
from segment.plots.objects import outline_picture, plot_sizes
from segment.plots.rgb import colour_labels, component_picture, overlay_picture, phase_picture
from segment.plots.scale_bar import ScaleBar, scale_bar
from segment.plots.series import plot_drift, plot_growth
from segment.plots.sheet import plot_sheet, plot_uncertainty
from segment.plots.summary import SummaryRow, plot_summary

__all__ = [
    "ScaleBar",
    "SummaryRow",
    "colour_labels",
    "colour_table",
    "component_picture",
    "legend_strip",
    "mark_picture",
    "outline_picture",
    "overlay_picture",
    "phase_colours",
    "phase_picture",
    "plot_choice",
    "plot_columns",
    "plot_components",
    "plot_drift",
    "plot_fingerprints",
    "plot_fractions",
    "plot_growth",
    "plot_loss",
    "plot_overlay",
    "plot_phases",
    "plot_sheet",
    "plot_sizes",
    "plot_summary",
    "plot_uncertainty",
    "scale_bar",
]
