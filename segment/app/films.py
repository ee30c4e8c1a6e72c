"""The open images as the frames of a film: what ``segment series`` measures, with its pictures, film and page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segment.app.findings import REPORT, following, pictures_of, read_files
from segment.app.session import Findings, Place, Session
from segment.app.settings import read_whole
from segment.app.user_error import UserError
from segment.app.words import sentence
from segment.io import write_json, write_png, write_text
from segment.io.find import natural_key
from segment.pipeline import Progress, output_names
from segment.pipeline.reading import OnProgress
from segment.records import Micrograph

if TYPE_CHECKING:
    from segment.pipeline.series import SeriesOptions, SeriesResult

POLARITIES = ("auto", "bright", "dark")
CAPTIONS = (
    ("drift.png", "Drift of the specimen over the frames, in pixels; crosses are bad frames, dotted lines jumps."),
    ("growth.png", "Number of objects, mean radius cubed, and the spread of the radii, over time."),
    ("events.png", "Merges and splits: the frame before above, the frame after below, in order of time."),
    ("ripening.png", "Ripening map. Bright: what is seen there vanishes first."),
    ("film.gif", "The frames laid over each other, with the outlines of their objects."),
)
EVENTS = {
    "merge": "objects {before} merge to {after}",
    "split": "object {before} splits to {after}",
    "death": "object {before} vanishes",
    "birth": "object {after} appears",
}
# Events that are listed, to turn to; all are in the table of events. So many pixels are seen round each, at least.
LISTED, LEAST_WIDTH = 100, 60.0


@dataclass(frozen=True)
class Film:
    """Frames to be measured as a film.

    Attributes
    ----------
    frames : tuple of Micrograph
        In natural order of their names.
    names : tuple of str
        File names.
    options : SeriesOptions
    folder : Path
        For files; whoever made it removes it.
    """

    frames: tuple[Micrograph, ...]
    names: tuple[str, ...]
    options: SeriesOptions
    folder: Path


def film_of(session: Session, values: Mapping[str, Any], folder: Path) -> Film:
    """Return the open images as a film.

    Parameters
    ----------
    session : Session
    values : mapping
        ``interval``, ``polarity`` and ``gap``, as they were typed.
    folder : Path

    Returns
    -------
    Film

    Raises
    ------
    UserError
        If there are fewer than two images, they have different pixel sizes, or an option cannot be.
    """
    from segment.pipeline.series import SeriesOptions
    from segment.series.interval import read_interval

    if len(session.fields) < 2:
        open_now = "one image is" if session.fields else "no image is"
        raise UserError(f"A film has at least two frames, and {open_now} open: drop its frames, or open its file.")
    sizes = {field.micrograph.calibration.pixel_size_um for field in session.fields}
    if len(sizes) > 1:
        raise UserError("The images have different pixel sizes: correct them for all images first.")
    polarity, typed = str(values.get("polarity", "auto")), str(values.get("interval") or "").strip()
    if polarity not in POLARITIES:
        raise UserError(f"Objects are {', '.join(POLARITIES[:-1])} or {POLARITIES[-1]}, not {polarity[:20]!r}.")
    try:
        interval = read_interval(typed) if typed else None
    except ValueError as error:
        raise UserError(f"The time from a frame to the next: {error}.") from error
    gap = read_whole("The number of frames for which an object may be missing", values.get("gap", 2))
    ordered = sorted(session.fields, key=lambda field: natural_key(Path(field.file_name)))
    frames = tuple(field.micrograph for field in ordered)
    options = SeriesOptions(interval, sizes.pop(), "none", polarity, gap)
    return Film(frames, tuple(field.file_name for field in ordered), options, folder)


def measure_film(film: Film) -> Iterator[Progress | Findings]:
    """Measure a film; progress first, what was found last.

    Parameters
    ----------
    film : Film

    Yields
    ------
    Progress or Findings
    """
    yield from following(lambda tell: _measure(film, tell))


def _measure(film: Film, tell: OnProgress) -> Findings:
    from segment.pipeline.series import run_series
    from segment.report.series import render_series, series_figures

    out = film.folder / "out"
    result, record = run_series(_written(film), out, film.options, on_progress=tell)
    assert result is not None
    # The frames are the user's files: where they lay meanwhile says nothing to anybody.
    record = {**record, "input": {**record["input"], "paths": list(film.names)}}
    drawn = {path.stem: path for path in sorted(out.glob("*.png"))}
    write_text(out / REPORT, render_series(record, result.tracks.events, drawn))
    write_json(out / "series.json", record)
    files = read_files(out)
    caveats = tuple(sentence(text) for text in record["remarks"])
    bad = tuple(f"{item.name} is passed over ({item.fault}): {item.reason}." for item in result.bad)
    pictures = pictures_of(files, CAPTIONS)
    return Findings("Film", "", series_figures(record), (*bad, *caveats), pictures, files, _places(film, result))


def _written(film: Film) -> list[Path]:
    """Write the frames as files; pixels that take no part are transparent."""
    paths = []
    # What a frame is called in every table: a name without a suffix, which is read by its content.
    names = output_names([Path(name) for name in film.names])
    for frame, name in zip(film.frames, names, strict=True):
        levels = np.asarray(np.rint(frame.image * 65535), dtype=np.uint16)
        if frame.valid is not None:
            levels = np.stack([levels] * 3 + [np.where(frame.valid, 65535, 0).astype(np.uint16)], axis=2)
        paths.append(film.folder / name)
        write_png(paths[-1], levels)
    return paths


def _places(film: Film, result: SeriesResult) -> tuple[Place, ...]:
    """Return where objects merge, split, appear and vanish, in the frames that show it."""
    path, area, found = result.shifts.path, result.area, []
    for row in result.tracks.events.rows():
        if row["event"] not in EVENTS or len(found) == LISTED:
            continue
        frame = int(row["frame"])
        y, x = row["y_px"] + area.top + path[frame, 0], row["x_px"] + area.left + path[frame, 1]
        before, after = (" and ".join(str(row[name]).split()) for name in ("tracks_before", "tracks_after"))
        text = f"{film.names[frame]}: {EVENTS[row['event']].format(before=before, after=after)}"
        width = max(LEAST_WIDTH, 6 * (6 * float(row["volume_px3"]) / np.pi) ** (1 / 3))
        found.append(Place(film.names[frame], float(x), float(y), width, text))
    return tuple(found)
