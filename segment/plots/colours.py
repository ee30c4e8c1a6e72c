"""Colours that tell phases apart, also for colour-blind readers."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from segment.records import PhaseMap

# Okabe and Ito, "Color universal design" (2008), https://jfly.uni-koeln.de/color/, in an order that keeps
# neighbours in brightness apart in hue.
OKABE_ITO = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (213, 94, 0),
    (86, 180, 233),
    (204, 121, 167),
    (240, 228, 66),
    (0, 0, 0),
)
NOT_ANNOTATED = (190, 190, 190)
GOLDEN = (5**0.5 - 1) / 2


def phase_colours(n_phases: int) -> NDArray[np.uint8]:
    """Return one RGB colour a phase.

    Parameters
    ----------
    n_phases : int
        Number of phases.

    Returns
    -------
    ndarray of uint8, shape (n_phases, 3)
        The eight colours of Okabe and Ito; beyond them hues a golden ratio apart, which are distinct but no longer
        chosen for colour-blind readers.

    Examples
    --------
    >>> phase_colours(2).tolist()
    [[0, 114, 178], [230, 159, 0]]
    """
    further = [
        tuple(round(255 * value) for value in colorsys.hsv_to_rgb(step * GOLDEN % 1, 0.65, 0.55 if step % 2 else 0.85))
        for step in range(1, n_phases - len(OKABE_ITO) + 1)
    ]
    return np.array([*OKABE_ITO, *further][:n_phases], dtype=np.uint8).reshape(n_phases, 3)


def colours_of(phase_map: PhaseMap) -> NDArray[np.uint8]:
    """Return the colour of each phase of a map, shape (k, 3): the user's, else those of `phase_colours`."""
    if phase_map.colours is None:
        return phase_colours(len(phase_map.names))
    return np.array(phase_map.colours, dtype=np.uint8)


def colour_table(n_phases: int, colours: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Return the colour of every id of a label image.

    Parameters
    ----------
    n_phases : int
        Number of phases.
    colours : ndarray of uint8, shape (n_phases, 3), optional
        RGB of each phase; None takes `phase_colours`.

    Returns
    -------
    ndarray of uint8, shape (256, 3)
        The phases' colours, then light grey for the ids beyond them.
    """
    table = np.full((256, 3), NOT_ANNOTATED, dtype=np.uint8)
    table[:n_phases] = phase_colours(n_phases) if colours is None else colours
    return table
