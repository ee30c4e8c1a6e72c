"""Legends, titles and scale bars as strips of pixels, to be set beside full-size pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.plots.colours import phase_colours
from segment.plots.scale_bar import scale_bar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINE = 30
SWATCH = 16
MARGIN = 10
# Width of a character at 10.5 points and 100 dots per inch, with some air.
CHARACTER = 8.5
NARROWEST = 240


def legend_strip(
    entries: Sequence[str],
    width: int,
    pixel_size_um: float | None = None,
    colours: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Draw a legend, phase by phase, and a scale bar where the pixel size is known.

    Parameters
    ----------
    entries : sequence of str
        Text of each phase.
    width : int
        Width of the picture it belongs to, in pixels.
    pixel_size_um : float, optional
        Edge of a pixel of that picture in micrometres.
    colours : ndarray of uint8, shape (len(entries), 3), optional
        RGB of each phase; None takes `phase_colours`.

    Returns
    -------
    ndarray of uint8, shape (height, max(width, 240), 3)
        RGB on white.
    """
    bar = None if pixel_size_um is None else scale_bar(pixel_size_um, width)
    width = max(width, NARROWEST)
    # Every entry gets the width of the longest, so that columns line up.
    cell = 2 * MARGIN + SWATCH + CHARACTER * max(len(entry) for entry in entries)
    columns = max(1, min(len(entries), int((width - MARGIN) // cell)))
    n_lines = -(-len(entries) // columns)
    room = width - MARGIN - columns * cell
    bar_fits = bar is not None and room >= bar.length_px + MARGIN + CHARACTER * (len(bar.label) + 2)
    total = n_lines + (bar is not None and not bar_fits)
    figure = _canvas(width, total * LINE)
    shades = (phase_colours(len(entries)) if colours is None else colours) / 255
    for index, entry in enumerate(entries):
        x, y = MARGIN + (index % columns) * cell, (index // columns + 0.5) * LINE
        _rectangle(figure, x, y - SWATCH / 2, SWATCH, SWATCH, tuple(shades[index]))
        _text(figure, x + SWATCH + MARGIN / 2, y, entry)
    if bar is not None:
        y = LINE / 2 if bar_fits else (total - 0.5) * LINE
        x = width - MARGIN - bar.length_px - CHARACTER * (len(bar.label) + 1) if bar_fits else MARGIN
        _rectangle(figure, x, y - 3, bar.length_px, 6, (0, 0, 0))
        _text(figure, x + bar.length_px + MARGIN / 2, y, bar.label)
    return _pixels(figure)


def title_strip(text: str, width: int) -> NDArray[np.uint8]:
    """Draw one line of text; uint8 grey on white, shape (30, max(width, 240))."""
    figure = _canvas(max(width, NARROWEST), LINE)
    _text(figure, MARGIN, LINE / 2, text)
    return np.asarray(cv2.cvtColor(_pixels(figure), cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _canvas(width: int, height: int) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _rectangle(figure: Figure, x: float, y: float, width: float, height: float, colour: tuple[float, ...]) -> None:
    from matplotlib.patches import Rectangle

    across, down = figure.bbox.width, figure.bbox.height
    corner = (x / across, 1 - (y + height) / down)
    figure.add_artist(Rectangle(corner, width / across, height / down, facecolor=colour, edgecolor="none"))


def _text(figure: Figure, x: float, y: float, text: str) -> None:
    # Phase names are the user's: a dollar sign in one is no mathematics.
    figure.text(
        x / figure.bbox.width, 1 - y / figure.bbox.height, text, va="center", ha="left", fontsize=10.5, parse_math=False
    )


def _pixels(figure: Figure) -> NDArray[np.uint8]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
