"""How many phases: the error that another phase would save, and whether the phases come back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from segment.plots.colours import phase_colours


def plot_choice(
    n_phases: Sequence[int],
    errors: Sequence[float],
    stability: Sequence[float] | None = None,
    *,
    chosen: int | None = None,
) -> Figure:
    """Plot the elbow, the error of the fit against the number of phases, and below it the stability of the phases.

    Parameters
    ----------
    n_phases : sequence of int
        Numbers of phases that were tried.
    errors : sequence of float
        Error of each, e.g. the relative reconstruction error or that of pixels held out.
    stability : sequence of float, optional
        Agreement of each between fits from different seeds, 0 to 1.
    chosen : int, optional
        Number of phases to be marked.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the sequences differ in length or are empty.

    Examples
    --------
    >>> figure = plot_choice([2, 3, 4], [0.4, 0.2, 0.18], [1.0, 0.98, 0.7], chosen=3)
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['error', 'stability']
    """
    lengths = {len(n_phases), len(errors), len(n_phases) if stability is None else len(stability)}
    if len(lengths) != 1 or not len(n_phases):
        found = f"{len(n_phases)}, {len(errors)}" + ("" if stability is None else f" and {len(stability)}")
        raise ValueError(f"n_phases, errors and stability need one value each for every number tried, got {found}")
    order = np.argsort(n_phases)
    curves = {"error": np.asarray(errors, dtype=np.float64)}
    if stability is not None:
        curves["stability"] = np.asarray(stability, dtype=np.float64)
    figure = Figure(figsize=(5.0, 1.0 + 2.1 * len(curves)), layout="constrained")
    grid = figure.subplots(len(curves), 1, sharex=True, squeeze=False)[:, 0]
    tried = np.asarray(n_phases)[order]
    for ax, (label, values), colour, mark in zip(grid, curves.items(), phase_colours(2) / 255, "os", strict=False):
        ax.plot(tried, values[order], marker=mark, color=tuple(colour))
        ax.set_ylabel(label)
        ax.grid(alpha=0.3)
        if chosen is not None:
            ax.axvline(chosen, color="black", linestyle=":", label=f"chosen: {chosen}")
    grid[0].set_ylim(bottom=min(0.0, float(np.nanmin(curves["error"]))))
    if stability is not None:
        grid[1].set_ylim(0, 1.05)
    if chosen is not None:
        grid[0].legend(frameon=False, fontsize=8)
    grid[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    grid[-1].set_xlabel("number of phases")
    return figure
