"""A film from raw frames to a growth law, with everything written that a reader needs to believe it."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.io import refuse_foreign, write_json, write_text
from segment.objects import measure_objects
from segment.pipeline.outputs import software
from segment.pipeline.reading import OnProgress, Progress, silent
from segment.pipeline.resume import read_side_car
from segment.pipeline.series_files import write_film, write_pictures
from segment.pipeline.series_record import digest_frames, series_record, series_tables
from segment.pipeline.workers import Mapped, WorkerLostError, in_threads, workers
from segment.records import Area, BadFrame, Series, Shifts, Table, Tracks, valid_of
from segment.report.series import render_series
from segment.series import (
    CoarseningLaw,
    FrameSegmenter,
    PathQuality,
    RipeningMap,
    Turning,
    VolumeMoved,
    aligned,
    coarsening_law,
    common_area,
    find_bad_frames,
    find_events,
    find_shifts,
    judge_path,
    link_objects,
    measure_turning,
    open_series,
    ripening_map,
    volume_moved,
)
from segment.series.averaging import averaged

# Frames of the ripening map: memory stays the same however long the film is.
MAPPED = 64
# What a film may get, all of it listed in its record.
TABLES = ("objects.csv", "events.csv", "frames.csv")
PICTURES = ("drift.png", "growth.png", "ripening.png", "events.png", "film.gif", "report.html")


@dataclass(frozen=True)
class SeriesOptions:
    """How a film is measured.

    Attributes
    ----------
    interval_s : float or None
        Seconds from a frame to the next; None: times count frames.
    pixel_size_um : float or None
        Edge of a pixel in micrometres; None: the files' own.
    band : "none", "auto" or int
        Information band of the frames.
    polarity : {"auto", "bright", "dark"}
        Of the objects.
    gap : int
        Frames for which an object may be missing.
    """

    interval_s: float | None = None
    pixel_size_um: float | None = None
    band: str | int = "none"
    polarity: str = "auto"
    gap: int = 2


@dataclass(frozen=True)
class SeriesResult:
    """What was found in a film.

    Attributes
    ----------
    series : Series
    bad : tuple of BadFrame
    shifts : Shifts
    area : Area
    segmenter : FrameSegmenter
    tracks : Tracks
        Places are those in the first good frame, from the corner of the common area.
    quality : PathQuality
    turning : Turning or None
        None where too few objects tell.
    law : CoarseningLaw
        Lengths in micrometres where calibrated, else pixels; times in seconds where known, else frames.
    moved : VolumeMoved
    ripening : RipeningMap
    """

    series: Series
    bad: tuple[BadFrame, ...]
    shifts: Shifts
    area: Area
    segmenter: FrameSegmenter
    tracks: Tracks
    quality: PathQuality
    turning: Turning | None
    law: CoarseningLaw
    moved: VolumeMoved
    ripening: RipeningMap

    @property
    def times(self) -> NDArray[np.float64]:
        """Time of each good frame."""
        return self.series.times[self.shifts.is_good]

    @property
    def radii(self) -> list[NDArray[np.float64]]:
        """Radii of the objects of each good frame, in micrometres where calibrated, else pixels."""
        edge = self.series.pixel_size_um or 1.0
        frame, diameter = self.tracks.table["frame"], self.tracks.table["diameter_px"]
        return [edge * diameter[frame == index] / 2 for index in np.flatnonzero(self.shifts.is_good).tolist()]


def measure_series(
    series: Series, options: SeriesOptions, on_progress: OnProgress = silent, each: Mapped = in_threads
) -> SeriesResult:
    """Measure a film: bad frames, drift, objects, tracks, events, growth, and the ripening map.

    Parameters
    ----------
    series : Series
    options : SeriesOptions
    on_progress : callable, optional
    each : callable, optional
        Who measures the objects of the frames, as `segment.pipeline.workers.workers` gives it.

    Returns
    -------
    SeriesResult

    Raises
    ------
    ValueError
        If fewer than two frames are good, or they have no part of the specimen in common.

    Notes
    -----
    Four passes over the frames; memory grows with the number of objects, not with that of frames. The same bits for any
    number of threads.
    """

    def tell(stage: str) -> Any:
        return lambda index: on_progress(Progress(stage, index + 1, len(series), series.names[index]))

    bad = find_bad_frames(series, tell("look"))
    shifts = find_shifts(series, [frame.index for frame in bad], on_frame=tell("align"))
    area = common_area(series, shifts)
    good = np.flatnonzero(shifts.is_good)
    segmenter = FrameSegmenter.fit_series(series, shifts, polarity=options.polarity)
    table = _objects(_Aligned(series, shifts, segmenter), area, each, tell("objects"))
    track = link_objects(table, gap=options.gap) if len(table) else np.zeros(0, dtype=np.int64)
    table = Table({"frame": table["frame"], "track": track, **table.columns})
    events = find_events(table, area)
    edge = series.pixel_size_um or 1.0
    radii = [edge * table["diameter_px"][table["frame"] == index] / 2 for index in good.tolist()]
    return SeriesResult(
        series=series,
        bad=bad,
        shifts=shifts,
        area=area,
        segmenter=segmenter,
        tracks=Tracks(table, events),
        quality=judge_path(table),
        turning=measure_turning(table),
        law=coarsening_law(series.times[good], radii),
        moved=volume_moved(table, events),
        ripening=_ripening(series, shifts, area, segmenter, table),
    )


def run_series(
    source: Any,
    out: Path,
    options: SeriesOptions,
    *,
    resume: bool = False,
    cluster: str | None = None,
    on_progress: OnProgress = silent,
) -> tuple[SeriesResult | None, dict[str, Any]]:
    """Measure a film and write what was found.

    Writes ``objects.csv``, ``events.csv``, ``frames.csv``, ``drift.png``, ``growth.png``, ``film.gif``,
    ``ripening.png`` where there is a map, ``report.html``, and last ``series.json``.

    Parameters
    ----------
    source : object
        As for `segment.series.open_series`.
    out : Path
        Folder, made where missing.
    options : SeriesOptions
    resume : bool, default False
        Whether a finished result of the same frames and options is kept.
    cluster : str, optional
        Address of a Dask scheduler whose workers find and measure the objects; they need to see the frames.
    on_progress : callable, optional

    Returns
    -------
    result : SeriesResult or None
        None where an earlier result was kept.
    record : dict
        What ``series.json`` says.

    Raises
    ------
    ValueError
        As `open_series` and `measure_series`.
    segment.io.OutputError
        If a file cannot be written.
    """
    series = open_series(source, interval_s=options.interval_s, pixel_size_um=options.pixel_size_um, band=options.band)
    digest = digest_frames(source)
    side_car = out / "series.json"
    if resume:
        record = read_side_car(side_car)
        same = isinstance(record, dict) and record.get("parameters") == asdict(options)
        if same and record.get("input", {}).get("sha256") == digest and record.get("software") == software():
            return None, record
    earlier = read_side_car(side_car)
    # Records of earlier versions do not list the pictures.
    names = TABLES if isinstance(earlier, dict) and "files" not in earlier and earlier else (*TABLES, *PICTURES)
    refuse_foreign([out / name for name in (*names, side_car.name)], side_car)
    # An older side-car must not vouch for new files, should this be interrupted.
    with contextlib.suppress(OSError):
        side_car.unlink()
    with workers(cluster, in_threads) as each:
        result = measure_series(series, options, on_progress, each)
    tables = series_tables(result)
    record = series_record(result, options, source, digest)
    record["files_sha256"] = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in tables.items()}
    for name, text in tables.items():
        write_text(out / name, text)
    pictures = write_pictures(out, result)
    write_film(out / "film.gif", result)
    record["files"] = [*tables, *(path.name for path in pictures.values()), "film.gif", "report.html"]
    write_text(out / "report.html", render_series(record, result.tracks.events, pictures))
    write_json(side_car, record)
    return result, record


@dataclass(frozen=True)
class _Aligned:
    """A film, where its frames lie, and what its objects are found by."""

    series: Series
    shifts: Shifts
    segmenter: FrameSegmenter


def _measure_frame(film: _Aligned, index: int) -> Table:
    frame = averaged(film.series, film.shifts, index, film.segmenter.window)
    return measure_objects(film.segmenter.segment(frame), frame, shape=False, valid=valid_of(frame)).table


def _objects(film: _Aligned, area: Area, each: Mapped, tell: Any) -> Table:
    """Measure the objects of every good frame whose centres lie in the common area."""
    good = np.flatnonzero(film.shifts.is_good).tolist()
    tables = []
    for index, table in zip(good, each(_measure_frame, film, good), strict=True):
        if isinstance(table, WorkerLostError):
            raise RuntimeError(f"{film.series.names[index]}: {table}")
        y = table["y_px"] - film.shifts.path[index, 0] - area.top
        x = table["x_px"] - film.shifts.path[index, 1] - area.left
        inside = (y >= 0) & (y < area.height) & (x >= 0) & (x < area.width) & ~table["touches_edge"]
        columns = {"frame": np.full(len(table), index), **table.columns, "y_px": y, "x_px": x}
        tables.append(Table(columns).take(inside))
        tell(index)
    return Table({name: np.concatenate([table[name] for table in tables]) for name in tables[0].columns})


def _ripening(series: Series, shifts: Shifts, area: Area, segmenter: FrameSegmenter, table: Table) -> RipeningMap:
    good = np.flatnonzero(shifts.is_good)
    if len(good) < 4 or not len(table):
        return RipeningMap(None, None, f"{len(good)} good frames and {len(table)} objects are too few")
    chosen = good[np.unique(np.linspace(0, len(good) - 1, MAPPED).round().astype(int))].tolist()
    motion, radius = _motion(table)
    frames = (aligned(series.read(index), shifts.path[index], area) for index in chosen)
    return ripening_map(frames, polarity=segmenter.polarity, motion_px=motion, radius_px=radius)


def _motion(table: Table) -> tuple[float, float]:
    """Return how far tracks wander over half the film, and the mean radius of objects, both in pixels."""
    frame, track = table["frame"], table["track"]
    order = np.lexsort((frame, track))
    starts = np.flatnonzero(np.append(True, np.diff(track[order]) != 0))
    first, last = order[starts], order[np.append(starts[1:], len(order)) - 1]
    long = frame[last] - frame[first] >= (frame.max() - frame.min()) / 2
    steps = np.hypot(table["y_px"][last] - table["y_px"][first], table["x_px"][last] - table["x_px"][first])
    return float(np.median(steps[long])) if long.any() else 0.0, float(table["diameter_px"].mean() / 2)
