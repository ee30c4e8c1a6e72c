"""How many phases: curves over the number of phases, and what each suggests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from segment.plots.blank import blank_figure
from segment.plots.colours import phase_colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = "os^Dv"
COLUMNS = 2


def plot_choice(
    n_phases: Sequence[int],
    curves: Mapping[str, Sequence[float]],
    *,
    suggestions: Mapping[str, int | None] | None = None,
    labels: Mapping[str, str] | None = None,
    chosen: int | None = None,
) -> Figure:
    """Plot curves over the number of phases, each in a panel of its own, with the number that each suggests.

    Parameters
    ----------
    n_phases : sequence of int
        Numbers of phases that were tried.
    curves : mapping of str to sequence of float
        By name, one value for every number tried, e.g. `segment.phases.PhaseComparison.curves`.
    suggestions : mapping of str to int or None, optional
        By the same names: the number that a curve suggests, circled and written above its panel.
    labels : mapping of str to str, optional
        What the values of a curve are; by default its name.
    chosen : int, optional
        Number of phases that somebody decided on, drawn as a line through every panel.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If no number was tried, there is no curve, or a curve has not one value for every number.

    Examples
    --------
    >>> figure = plot_choice([2, 3, 4], {"elbow": [0.4, 0.2, 0.18], "stability": [1.0, 0.98, 0.7]}, chosen=3)
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['elbow', 'stability']
    """
    if not len(n_phases) or not curves:
        raise ValueError("n_phases and curves must not be empty")
    for name, values in curves.items():
        if len(values) != len(n_phases):
            raise ValueError(f"curve {name!r} needs a value for each of {len(n_phases)} numbers, got {len(values)}")
    order = np.argsort(n_phases)
    tried = np.asarray(n_phases)[order]
    rows, columns = -(-len(curves) // COLUMNS), min(COLUMNS, len(curves))
    figure = blank_figure(0.6 + 3.4 * columns, 0.5 + 2.3 * rows)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    shades = phase_colours(len(curves)) / 255
    for index, (ax, (name, values)) in enumerate(zip(grid, curves.items(), strict=False)):
        heights = np.asarray(values, dtype=np.float64)[order]
        ax.plot(tried, heights, marker=MARKS[index % len(MARKS)], color=tuple(shades[index]))
        ax.set_ylabel((labels or {}).get(name, name))
        ax.set_ylim(bottom=min(0.0, float(np.nanmin(heights))))
        ax.grid(alpha=0.3)
        ax.locator_params(axis="x", integer=True)
        if suggestions is not None:
            suggested = suggestions.get(name)
            ax.set_title(f"{name}: {'none' if suggested is None else suggested}", fontsize=9)
            at = tried == suggested
            ax.plot(tried[at], heights[at], "o", markersize=15, markerfacecolor="none", color="black")
        if chosen is not None:
            ax.axvline(chosen, color="black", linestyle=":", label=f"chosen: {chosen}")
    for ax in grid[len(curves) :]:
        ax.set_axis_off()
    if chosen is not None:
        grid[0].legend(frameon=False, fontsize=8)
    figure.supxlabel("number of phases", fontsize=10)
    return figure
