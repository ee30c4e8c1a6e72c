"""How a fit came to its end: the objective against time or iterations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from segment.plots.blank import blank_figure
from segment.plots.colours import phase_colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINES = ("-", "--", "-.", ":")


def plot_loss(histories: Mapping[str, Sequence[float]], seconds: Mapping[str, Sequence[float]] | None = None) -> Figure:
    """Plot the objective of one or several fits against time where it was measured, else against iterations.

    Parameters
    ----------
    histories : mapping of str to sequence of float
        For every fit, the objective at the start and after each iteration, as `FittedModel.loss_history`.
    seconds : mapping of str to sequence of float, optional
        For every fit, the seconds since its start at which each of those values was reached.

    Returns
    -------
    matplotlib.figure.Figure
        Each fit has a colour and a dash of its own. The axis of the objective is logarithmic where all of it is
        positive and it falls to less than a tenth.

    Raises
    ------
    ValueError
        If there is no fit, a fit has no value, or its seconds are not as many as its values.

    Examples
    --------
    >>> figure = plot_loss({"cd": [4.0, 2.0, 1.5], "mu": [4.0, 3.0, 2.5]})
    >>> figure.axes[0].get_xlabel()
    'iteration'
    """
    if not histories:
        raise ValueError("histories is empty: at least one fit is needed")
    figure = blank_figure(6.0, 3.6)
    ax = figure.subplots()
    lowest, highest = np.inf, -np.inf
    for (name, history), colour, line in zip(
        histories.items(), phase_colours(len(histories)) / 255, cycle(LINES), strict=False
    ):
        losses = np.asarray(history, dtype=np.float64)
        at = np.arange(losses.size) if seconds is None else np.asarray(seconds.get(name, ()), dtype=np.float64)
        if losses.ndim != 1 or not losses.size or at.shape != losses.shape:
            raise ValueError(f"{name!r} needs as many times as losses, at least one, got {at.size} and {losses.size}")
        mark = "o" if losses.size <= 30 else None
        ax.plot(at, losses, line, color=tuple(colour), marker=mark, markersize=3, label=name)
        lowest, highest = min(lowest, float(losses.min())), max(highest, float(losses.max()))
    if 0 < lowest < 0.1 * highest:
        ax.set_yscale("log")
    ax.set_xlabel("iteration" if seconds is None else "time (s)")
    ax.set_ylabel("objective")
    ax.grid(alpha=0.3)
    if len(histories) > 1:
        for text in ax.legend(frameon=False, fontsize=8).get_texts():
            text.set_parse_math(False)
    return figure
