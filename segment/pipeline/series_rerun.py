"""Measure the film of an earlier result again, and say what differs."""

from __future__ import annotations

import hashlib
from pathlib import Path

from segment.pipeline.outputs import software
from segment.pipeline.rerun import RerunResult
from segment.pipeline.resume import read_side_car
from segment.pipeline.series import SeriesOptions, measure_series
from segment.pipeline.series_record import FORMAT, VERSION, digest_frames, series_tables
from segment.pipeline.side_car import Difference, SideCarError, damaged
from segment.series import open_series


def is_series_record(path: Path) -> bool:
    """Return whether a file is the side-car of a film."""
    record = read_side_car(path)
    return isinstance(record, dict) and record.get("format") == FORMAT


def rerun_series(side_car: Path, *, frames: str | Path | None = None) -> RerunResult:
    """Measure the frames of a side-car again with all that it records, and compare the tables bit for bit.

    Nothing is written.

    Parameters
    ----------
    side_car : Path
        ``series.json`` of an earlier result.
    frames : str or Path, optional
        Where the frames lie now; None: the recorded places.

    Returns
    -------
    RerunResult

    Raises
    ------
    SideCarError
        If the file is damaged or of another version.
    FileNotFoundError
        If there are no frames.
    """
    record = read_side_car(side_car)
    try:
        if record["version"] != VERSION:
            raise SideCarError(f"{side_car}: of version {record['version']!r}; this version reads {VERSION}")
        options = SeriesOptions(**record["parameters"])
        source = list(record["input"]["paths"]) if frames is None else [frames]
        recorded, digests = record["input"]["sha256"], dict(record["files_sha256"])
        versions = dict(record["software"])
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(side_car, error) from error
    differences = [
        Difference("version", name, str(versions.get(name)), found)
        for name, found in software().items()
        if versions.get(name) != found
    ]
    shown = Path(str(source[0]))
    digest = digest_frames(source)
    if digest != recorded:
        differences.append(Difference("input", "frames", recorded[:12], digest[:12]))
        return RerunResult(side_car, shown, False, False, None, tuple(differences), "tables")
    series = open_series(source, interval_s=options.interval_s, pixel_size_um=options.pixel_size_um, band=options.band)
    tables = series_tables(measure_series(series, options))
    found = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in tables.items()}
    changed = [name for name in digests if found.get(name) != digests[name]]
    differences += [Difference("table", name, digests[name][:12], found.get(name, "none")[:12]) for name in changed]
    return RerunResult(side_car, shown, not changed, True, None, tuple(differences), "tables")
