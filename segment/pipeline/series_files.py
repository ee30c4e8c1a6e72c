"""Pictures and the film of a measured series."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import find_boundaries

from segment.io import atomic_path, write_png
from segment.plots import plot_drift, plot_growth
from segment.plots.objects import OUTLINE
from segment.plots.rgb import stretch
from segment.series import aligned

if TYPE_CHECKING:
    from PIL.Image import Image

    from segment.pipeline.series import SeriesResult

# Frames of the film, its longest side in pixels, about, and milliseconds a frame.
SHOWN, LARGEST, PACE = 120, 512, 100
# Events that are shown with thumbnails, and half the side of one in pixels.
THUMBNAILS, HALF = 24, 16


def write_pictures(out: Path, result: SeriesResult) -> dict[str, Path]:
    """Write the figures and thumbnails, and return them by name."""
    clock = "frame" if result.series.interval_s is None else "s"
    unit = "px" if result.series.pixel_size_um is None else "µm"
    figures = {
        "drift": plot_drift(result.shifts, result.bad),
        "growth": plot_growth(result.times, result.radii, unit, clock),
    }
    written: dict[str, Path] = {}
    for name, figure in figures.items():
        written[name] = out / f"{name}.png"
        with atomic_path(written[name]) as temporary:
            figure.savefig(temporary, format="png", dpi=120, metadata={"Software": None})
    if result.ripening.early is not None:
        written["ripening"] = out / "ripening.png"
        write_png(written["ripening"], np.asarray(np.round(255 * result.ripening.early), dtype=np.uint8))
    strip = event_strip(result)
    if strip is not None:
        written["events"] = out / "events.png"
        write_png(written["events"], strip)
    return written


def write_film(path: Path, result: SeriesResult) -> None:
    """Write the frames laid over each other, with the outlines of their objects, as an animated GIF."""
    frames = _pictures(result)
    first = next(frames)
    with atomic_path(path) as temporary:
        first.save(temporary, format="GIF", save_all=True, append_images=frames, duration=PACE, loop=0, optimize=False)


def event_strip(result: SeriesResult) -> NDArray[np.uint8] | None:
    """Return merges and splits before (above) and after (below), the first ones side by side; None without any."""
    events = result.tracks.events
    rows = [row for row in events.rows() if row["event"] in ("merge", "split")][:THUMBNAILS]
    good = np.flatnonzero(result.shifts.is_good)
    tiles = []
    for row in rows:
        number = int(np.searchsorted(good, row["frame"]))
        if not 0 < number < len(good):
            continue
        pair = [_cut(result, int(good[index]), row["y_px"], row["x_px"]) for index in (number - 1, number)]
        tiles.append(np.concatenate(pair))
    return np.concatenate(tiles, axis=1) if tiles else None


def _cut(result: SeriesResult, index: int, y: float, x: float) -> NDArray[np.uint8]:
    frame = stretch(aligned(result.series.read(index), result.shifts.path[index], result.area))
    padded = np.pad(frame, HALF, mode="edge")
    top, left = round(y), round(x)
    tile = padded[top : top + 2 * HALF, left : left + 2 * HALF]
    return np.pad(np.kron(tile, np.ones((3, 3), dtype=np.uint8)), 1, constant_values=255)


def _pictures(result: SeriesResult) -> Iterator[Image]:
    from PIL import Image

    good = np.flatnonzero(result.shifts.is_good)
    for index in good[np.unique(np.linspace(0, len(good) - 1, SHOWN).round().astype(int))].tolist():
        frame = aligned(result.series.read(index), result.shifts.path[index], result.area)
        labels = result.segmenter.segment(frame)
        factor = max(1, round(LARGEST / max(frame.shape)))
        grey, ids = (
            np.kron(picture, np.ones((factor, factor), dtype=np.uint8)) for picture in (stretch(frame), labels)
        )
        edge = find_boundaries(ids, mode="inner")
        picture = np.where(edge[..., None], np.array(OUTLINE, dtype=np.uint8), grey[..., None])
        image = Image.fromarray(picture.astype(np.uint8))
        image.thumbnail((2 * LARGEST, 2 * LARGEST))
        yield image.quantize(64, method=Image.Quantize.FASTOCTREE)
