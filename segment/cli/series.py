"""The command ``segment series``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segment.cli.console import Session
from segment.cli.options import Cluster, Images, Json, Out, PixelSize, Quiet, Resume


def series(
    frames: Images,
    out: Out = Path("out/series"),
    interval: Annotated[
        str | None,
        typer.Option("--interval", help="Time between frames, such as '0.5s' or '2min'.", show_default=False),
    ] = None,
    polarity: Annotated[str, typer.Option(help="Objects are bright or dark; auto decides.")] = "auto",
    gap: Annotated[int, typer.Option(help="Number of frames for which an object may be missing.")] = 2,
    band: Annotated[str, typer.Option(help="Information band: 'none', 'auto', or its first row.")] = "none",
    pixel_size: PixelSize = None,
    resume: Resume = False,
    cluster: Cluster = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure a film: bad frames, drift, objects, tracks, merges, growth law and ripening map."""
    with Session(json, quiet) as session:
        import math

        from segment.pipeline.series import SeriesOptions, run_series
        from segment.series.interval import read_interval

        with session.usage_errors():
            if polarity not in ("auto", "bright", "dark"):
                raise ValueError(f"--polarity: one of auto, bright, dark, got {polarity!r}")
            if gap < 0:
                raise ValueError(f"--gap: at least 0 frames, got {gap}")
            if band not in ("auto", "none") and not (band.isdecimal() and int(band) > 0):
                raise ValueError(f"--band: 'auto', 'none' or a row from 1, got {band!r}")
            if pixel_size is not None and not (math.isfinite(pixel_size) and pixel_size > 0):
                raise ValueError(f"--pixel-size: a positive number of micrometres, got {pixel_size}")
            try:
                seconds = None if interval is None else read_interval(interval)
            except ValueError as error:
                raise ValueError(f"--interval: {error}") from error
        options = SeriesOptions(seconds, pixel_size, int(band) if band.isdecimal() else band, polarity, gap)
        with session.progress() as advance:
            result, record = run_series(
                frames[0] if len(frames) == 1 else frames,
                out,
                options,
                resume=resume,
                cluster=cluster,
                on_progress=advance,
            )
        if result is None:
            session.say(f"The result in {out} is of the same frames and options: kept")
        for item in record["bad_frames"]:
            session.say(f"{item['name']}: {item['fault']}, left out: {item['reason']}")
        for jump in record["drift"]["jumps"]:
            session.say(f"{jump['name']}: the specimen jumped by {jump['length']:.1f} px")
        if record["drift"]["period_px"] is not None:
            session.say(
                f"The image repeats itself every {record['drift']['period_px']:.1f} px: drift is ambiguous by that"
            )
        for remark in record["remarks"]:
            session.say(f"note: {remark}")
        session.say(_summary(record))
        session.say(f"Report in {out / 'report.html'}")
        session.emit(record)


def _summary(record: dict) -> str:
    judge, area, law = record["drift"]["objects_judge"], record["common_area"], record["law"]
    residual = "unknown" if judge["residual_px"] is None else f"{judge['residual_px']:.2g} px"
    rate = "" if law["rate"] is None else f" (K = {law['rate']:.3g} +- {law['ci95']:.2g})"
    return (
        f"{record['input']['n_frames']} frames, {len(record['bad_frames'])} bad; drift residual {residual}; common "
        f"area {area['width']} x {area['height']} px; objects {record['objects']['first']} -> "
        f"{record['objects']['last']}; mean radius cubed: {law['verdict']}{rate}; volume moved "
        f"by: {record['volume_moved']['verdict']}; "
        f"ripening map: {record['ripening_map']}"
    )
