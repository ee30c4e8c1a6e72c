"""Phase fractions over a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segment.plots.blank import blank_figure
from segment.plots.colours import phase_colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = "osD^vP*X"
MOST_NAMED = 40


def plot_fractions(
    fractions: ArrayLike,
    fields: Sequence[str],
    phases: Sequence[str],
    *,
    ci95: ArrayLike | None = None,
    colours: NDArray[np.uint8] | None = None,
) -> Figure:
    """Plot the phase fractions of every field as stacked bars, and beside them their spread with the mean.

    Parameters
    ----------
    fractions : array-like of float, shape (n_fields, k)
        Area fractions, 0 to 1.
    fields : sequence of str
        Name of each field; drawn for up to 40 fields.
    phases : sequence of str
        Name of each phase.
    ci95 : array-like of float, shape (k,), optional
        Half width of the 95 % confidence interval of each mean, 0 to 1; NaN where it is not known.
    colours : ndarray of uint8, shape (k, 3), optional
        RGB of each phase; None takes `phase_colours`.

    Returns
    -------
    matplotlib.figure.Figure
        Phases are distinguished by colour, by marker and by name.

    Raises
    ------
    ValueError
        If the names do not fit the shape of `fractions`.

    Examples
    --------
    >>> figure = plot_fractions([[0.9, 0.1], [0.8, 0.2]], ["a", "b"], ["ferrite", "pearlite"], ci95=[0.1, 0.1])
    >>> [text.get_text() for text in figure.axes[1].get_yticklabels()]
    ['ferrite', 'pearlite']
    """
    percent = 100 * np.atleast_2d(np.asarray(fractions, dtype=np.float64))
    n, k = percent.shape
    if (n, k) != (len(fields), len(phases)) or not n:
        raise ValueError(
            f"fractions of shape {percent.shape} need {n} fields and {k} phases, got {len(fields)} and {len(phases)}"
        )
    shades = (phase_colours(k) if colours is None else colours) / 255
    height = 1.1 + max(0.22 * min(n, MOST_NAMED), 0.45 * k)
    figure = blank_figure(8.5, height)
    bars, spread = figure.subplots(1, 2, width_ratios=(3, 2))
    rows, left = np.arange(n), np.zeros(n)
    for phase in range(k):
        bars.barh(rows, percent[:, phase], left=left, height=0.85, color=tuple(shades[phase]))
        left += percent[:, phase]
    bars.set(xlim=(0, 100), ylim=(n - 0.5, -0.5), xlabel="area fraction (%)")
    bars.set_yticks(rows if n <= MOST_NAMED else [], fields if n <= MOST_NAMED else [], fontsize=8, parse_math=False)
    half = None if ci95 is None else 100 * np.asarray(ci95, dtype=np.float64)
    for phase in range(k):
        colour, mark = tuple(shades[phase]), MARKS[phase % len(MARKS)]
        # Fields side by side rather than one over the other, in their order from top to bottom.
        offsets = phase + np.linspace(-0.18, 0.18, n) if n > 1 else np.array([float(phase)])
        spread.scatter(percent[:, phase], offsets, s=18, color=colour, marker=mark, alpha=0.7, linewidths=0)
        mean = percent[:, phase].mean()
        error = None if half is None or not np.isfinite(half[phase]) else half[phase]
        spread.errorbar(mean, phase + 0.33, xerr=error, fmt="|", markersize=9, color="black", capsize=3, elinewidth=1.2)
    spread.set(ylim=(k - 0.5, -0.5), xlabel="area fraction (%)")
    spread.set_title("fields, mean" + ("" if half is None else ", 95 % interval"), fontsize=8, loc="left")
    spread.set_yticks(range(k), phases, fontsize=8, parse_math=False)
    spread.grid(axis="x", alpha=0.3)
    for ax in (bars, spread):
        ax.spines[["top", "right"]].set_visible(False)
    return figure
