"""Figures of a film: how it drifted, how many objects it had, and how they grew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segment.plots.blank import blank_figure
from segment.records import BadFrame, Shifts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, RED = "#4477aa", "#aa3377"


def plot_drift(shifts: Shifts, bad: Sequence[BadFrame] = ()) -> Figure:
    """Plot the path of the specimen over the frames, with its jumps and the bad frames.

    Parameters
    ----------
    shifts : Shifts
    bad : sequence of BadFrame, optional

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> shifts = Shifts(np.zeros((3, 2)), np.ones(3, dtype=bool), (), 0.0)
    >>> plot_drift(shifts).axes[0].get_ylabel()
    'drift (px)'
    """
    figure = blank_figure(7.0, 2.8)
    ax = figure.subplots()
    for column, name, colour in ((0, "down", BLUE), (1, "right", RED)):
        ax.plot(shifts.path[:, column], color=colour, linewidth=1.2, label=name)
    for jump in shifts.jumps:
        ax.axvline(jump.index, color="grey", linewidth=0.7, linestyle=":")
        ax.text(jump.index, 1.0, f"{jump.length:.0f}", transform=ax.get_xaxis_transform(), fontsize=7, ha="center",
                va="bottom")  # fmt: skip
    for frame in bad:
        ax.plot(frame.index, shifts.path[frame.index, 0], "x", color="black", markersize=7)
    ax.set(xlabel="frame", ylabel="drift (px)")
    ax.legend(frameon=False, fontsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def plot_growth(
    times: ArrayLike, radii: Sequence[NDArray[np.float64]], unit: str = "px", clock: str = "frame"
) -> Figure:
    """Plot number and size of the objects over time: the count, the mean radius cubed, and the spread of radii.

    Parameters
    ----------
    times : array-like of float, shape (n,)
    radii : sequence of ndarray of float64
        Radii of the objects of each frame.
    unit : str, default "px"
        Of the radii.
    clock : str, default "frame"
        Unit of the times.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = plot_growth([0, 1], [np.array([1.0, 2.0]), np.array([1.5])])
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['objects', '<r>³ (px³)', 'radius (px)']
    """
    t = np.asarray(times, dtype=np.float64)
    counts = np.array([len(frame) for frame in radii])
    some = counts > 0
    means = np.array([frame.mean() if len(frame) else np.nan for frame in radii])
    figure = blank_figure(9.0, 2.8)
    left, middle, right = figure.subplots(1, 3)
    left.plot(t, counts, color=BLUE, linewidth=1.2)
    left.set(ylabel="objects", ylim=(0, None))
    error = np.array(
        [3 * frame.mean() ** 2 * frame.std() / np.sqrt(len(frame)) if len(frame) else 0 for frame in radii]
    )
    middle.fill_between(
        t[some], (means**3 - error)[some], (means**3 + error)[some], color=BLUE, alpha=0.25, linewidth=0
    )
    middle.plot(t[some], means[some] ** 3, color=BLUE, linewidth=1.2)
    middle.set(ylabel=f"<r>³ ({unit}³)")
    for fraction, style in ((0.1, ":"), (0.5, "-"), (0.9, ":")):
        line = [float(np.quantile(frame, fraction)) for frame, chosen in zip(radii, some, strict=True) if chosen]
        right.plot(t[some], line, style, color=RED, linewidth=1.2, label=f"{100 * fraction:.0f} %")
    right.set(ylabel=f"radius ({unit})")
    right.legend(frameon=False, fontsize=7)
    for ax in (left, middle, right):
        ax.set_xlabel(f"time ({clock})")
        ax.spines[["top", "right"]].set_visible(False)
    return figure
