"""What is written of a measured film: its tables and its record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segment.io import find_images
from segment.pipeline.outputs import software
from segment.pipeline.reading import digest_file
from segment.records import Table

if TYPE_CHECKING:
    from segment.pipeline.series import SeriesOptions, SeriesResult

FORMAT = "segment series"
VERSION = 1
# Fraction of objects that must lie where they were, so that tracks are believed.
FOUND_AGAIN = 0.5


def series_tables(result: SeriesResult) -> dict[str, str]:
    """Return the tables of a film as CSV text, by the name of their file."""
    return {
        "objects.csv": result.tracks.table.to_csv(),
        "events.csv": result.tracks.events.to_csv(),
        "frames.csv": _frames(result).to_csv(),
    }


def _frames(result: SeriesResult) -> Table:
    """Return a row for each frame: time, path, number and size of its objects, and what is wrong with it."""
    series, shifts = result.series, result.shifts
    n = len(series)
    frame, diameter = result.tracks.table["frame"], result.tracks.table["diameter_px"]
    counts = np.bincount(frame, minlength=n).astype(np.float64)
    mean = np.bincount(frame, diameter, minlength=n) / np.maximum(counts, 1)
    counts[~shifts.is_good] = mean[~shifts.is_good] = np.nan
    mean[counts == 0] = np.nan
    faults = {item.index: f"{item.fault}: {item.reason}" for item in result.bad}
    return Table(
        {
            "frame": np.arange(n),
            "name": np.array(series.names),
            "time_s" if series.interval_s is not None else "time_frames": series.times,
            "drift_y_px": shifts.path[:, 0],
            "drift_x_px": shifts.path[:, 1],
            "objects": counts,
            "mean_diameter_px": mean,
            "fault": np.array([faults.get(index, "") for index in range(n)]),
        }
    )


def series_record(result: SeriesResult, options: SeriesOptions, source: Any, digest: str) -> dict[str, Any]:
    """Return what ``series.json`` says, as JSON values."""
    series, events = result.series, result.tracks.events
    kinds, counts = np.unique(events["event"], return_counts=True) if len(events) else ([], [])
    per_frame = np.array([len(frame) for frame in result.radii])
    return {
        "format": FORMAT,
        "version": VERSION,
        "input": {
            "paths": [str(item) for item in _inputs(source)],
            "sha256": digest,
            "n_frames": len(series),
            "shape": list(series.shape),
        },
        "parameters": asdict(options),
        "pixel_size_um": series.pixel_size_um,
        "bad_frames": [asdict(frame) for frame in result.bad],
        "drift": {
            "jumps": [{**asdict(jump), "length": jump.length} for jump in result.shifts.jumps],
            "residual_px": result.shifts.residual_px,
            "period_px": result.shifts.period_px,
            "objects_judge": asdict(result.quality),
            "turning": None if result.turning is None else asdict(result.turning),
        },
        "remarks": list(_remarks(result)),
        "common_area": asdict(result.area),
        "segmenter": result.segmenter.to_json(),
        "objects": {"first": int(per_frame[0]), "last": int(per_frame[-1]), "rows": len(result.tracks.table)},
        "events": {str(kind): int(count) for kind, count in zip(kinds, counts, strict=True)},
        "law": asdict(result.law),
        "volume_moved": asdict(result.moved),
        "ripening_map": result.ripening.reason or "drawn",
        "software": software(),
    }


def _remarks(result: SeriesResult) -> Iterator[str]:
    """Say what a path of shifts cannot take out."""
    turning, again = result.turning, result.quality.found_again
    if turning is not None and turning.is_clear:
        yield (
            f"the specimen turns by {turning.degrees:+.3g} +- {turning.error:.1g} degrees from frame to frame, which "
            f"moves objects at the rim by {turning.sweep_px:.0f} px over the film: only shifts are taken out; turn the "
            "frames back first, or measure fewer of them"
        )
    elif again is not None and again < FOUND_AGAIN:
        yield (
            f"only {100 * again:.0f} % of the objects lie where they were {result.quality.lag} frames before: the "
            "magnification may change, the specimen deform, or objects move on their own; tracks are unreliable"
        )


def digest_frames(source: Any) -> str:
    """Return the SHA-256 of the SHA-256 of every frame's file."""
    whole = hashlib.sha256()
    for path in find_images(_inputs(source)):
        try:
            whole.update(digest_file(path).encode())
        except OSError:
            whole.update(b"unreadable")
    return whole.hexdigest()


def _inputs(source: Any) -> list[str | Path]:
    return [source] if isinstance(source, (str, Path)) else list(source)
