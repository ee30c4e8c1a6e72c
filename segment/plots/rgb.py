"""Full-size pictures as arrays: one image pixel is one picture pixel."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.plots.colours import colour_table, colours_of
from segment.plots.legend import legend_strip, title_strip
from segment.records import PhaseMap

PANEL_WIDTH = 1024
GAP = 8


def colour_labels(
    labels: NDArray[np.uint8], n_phases: int, colours: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Colour a label image.

    Parameters
    ----------
    labels : ndarray of uint8, shape (h, w)
        Ids; those from `n_phases` on (255: not annotated) become light grey.
    n_phases : int
    colours : ndarray of uint8, shape (n_phases, 3), optional
        RGB of each phase; None takes `phase_colours`.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        RGB.
    """
    return np.take(colour_table(n_phases, colours), labels, axis=0)


def phase_picture(phase_map: PhaseMap) -> NDArray[np.uint8]:
    """Draw the coloured phases with a legend, and a scale bar where calibrated, below them.

    Parameters
    ----------
    phase_map : PhaseMap

    Returns
    -------
    ndarray of uint8, shape (h + legend, max(w, legend), 3)
        RGB.
    """
    return _above_legend(colour_labels(phase_map.labels, len(phase_map.names), colours_of(phase_map)), phase_map)


def overlay_picture(phase_map: PhaseMap, opacity: float = 0.4) -> NDArray[np.uint8]:
    """Draw the coloured phases over the micrograph, with the legend below.

    Parameters
    ----------
    phase_map : PhaseMap
    opacity : float, default 0.4
        Weight of the colours, 0 to 1.

    Returns
    -------
    ndarray of uint8, shape (h + legend, max(w, legend), 3)
        RGB.
    """
    return _above_legend(blend(phase_map, opacity), phase_map)


def blend(phase_map: PhaseMap, opacity: float = 0.4) -> NDArray[np.uint8]:
    """Mix micrograph and phase colours, at full contrast; uint8 RGB of shape (h, w, 3)."""
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must lie between 0 and 1, got {opacity!r}")
    micrograph = phase_map.micrograph
    if micrograph.colour is None:
        below = cv2.cvtColor(stretch(micrograph.image), cv2.COLOR_GRAY2RGB)
    else:
        below = stretch(micrograph.colour)
    colours = colour_labels(phase_map.labels, len(phase_map.names), colours_of(phase_map))
    return np.asarray(cv2.addWeighted(below, 1 - opacity, colours, opacity, 0), dtype=np.uint8)


def component_picture(phase_map: PhaseMap) -> NDArray[np.uint8]:
    """Draw the abundance of every phase, black for none and white for all, side by side with titles.

    Parameters
    ----------
    phase_map : PhaseMap

    Returns
    -------
    ndarray of uint8, 2-D
        Grey. Up to three panels stand in one row; panels wider than 1024 pixels are shrunk to that.
    """
    panels = []
    for membership, row in zip(phase_map.abundances, titles(phase_map), strict=True):
        height, width = membership.shape
        if width > PANEL_WIDTH:
            height, width = max(1, round(height * PANEL_WIDTH / width)), PANEL_WIDTH
            membership = cv2.resize(membership, (width, height), interpolation=cv2.INTER_AREA)
        level = cv2.convertScaleAbs(membership, alpha=255)
        # A white panel needs an edge to be seen on a white page.
        level = cv2.copyMakeBorder(level, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=128)
        panels.append(_stacked([title_strip(row, width), level]))
    columns = len(panels) if len(panels) <= 3 else int(np.ceil(np.sqrt(len(panels))))
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    return _stacked([_beside(row) for row in rows])


def titles(phase_map: PhaseMap) -> list[str]:
    """Return the name of every phase with its fraction."""
    return [
        f"{name}  {100 * fraction:.1f} %" for name, fraction in zip(phase_map.names, phase_map.fractions, strict=True)
    ]


def stretch(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Stretch grey levels or colours, so that their 0.5 % and 99.5 % quantiles become black and white, to uint8."""
    low, high = np.quantile(image[:: max(1, image.shape[0] // 256), :: max(1, image.shape[1] // 256)], (0.005, 0.995))
    gain = 255 / (high - low) if high > low else 255.0
    offset = -low * gain if high > low else 0.0
    return np.asarray(np.clip(image * np.float32(gain) + np.float32(offset), 0, 255), dtype=np.uint8)


def _above_legend(picture: NDArray[np.uint8], phase_map: PhaseMap) -> NDArray[np.uint8]:
    edge = phase_map.micrograph.calibration.pixel_size_um
    strip = legend_strip(titles(phase_map), picture.shape[1], edge, colours_of(phase_map))
    return _stacked([picture, strip], gap=0)


def _stacked(parts: list[NDArray[np.uint8]], gap: int = GAP) -> NDArray[np.uint8]:
    width = max(part.shape[1] for part in parts)
    padded = [
        cv2.copyMakeBorder(part, 0, 0, 0, width - part.shape[1], cv2.BORDER_CONSTANT, value=(255,) * 3)
        for part in parts
    ]
    space = np.full((gap, *padded[0].shape[1:]), 255, dtype=np.uint8)
    pieces = [piece for part in padded for piece in (space, part)][1:]
    return np.concatenate(pieces, axis=0, dtype=np.uint8)


def _beside(parts: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    space = np.full((parts[0].shape[0], GAP), 255, dtype=np.uint8)
    return np.concatenate([piece for part in parts for piece in (space, part)][1:], axis=1)
