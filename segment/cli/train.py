"""The command ``segment train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segment.cli.console import Session
from segment.cli.options import (
    BandOption,
    Borders,
    Channel,
    Clahe,
    Colour,
    Features,
    Images,
    Json,
    Labels,
    Mask,
    MinRegion,
    Overlays,
    Page,
    Phases,
    PixelSize,
    Preset,
    Quiet,
    Range,
    ScaleBar,
    Seed,
    Size,
    Smoothness,
    make_segmenter,
    read_options,
    read_region,
)


def train(
    images: Images,
    out: Annotated[Path, typer.Option("--out", "-o", help="Model file to write.")] = Path("model.npz"),
    labels: Labels = None,
    k: Phases = None,
    preset: Preset = "default",
    features: Features = None,
    size: Size = None,
    clahe: Clahe = None,
    smoothness: Smoothness = None,
    min_region: MinRegion = None,
    seed: Seed = 0,
    band: BandOption = "auto",
    pixel_size: PixelSize = None,
    page: Page = None,
    channel: Channel = None,
    grey_range: Range = None,
    mask: Mask = None,
    borders: Borders = "auto",
    scale_bar: ScaleBar = "auto",
    colour: Colour = "auto",
    overlays: Overlays = "auto",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn phases from images and write them to a model file."""
    with Session(json, quiet) as session:
        from dataclasses import asdict

        from segment.io import OutputError, find_inputs
        from segment.pipeline import train as train_files
        from segment.pipeline.tables import is_model

        options = read_options(
            session, band, pixel_size, page, channel, grey_range, mask, borders, scale_bar, colour, overlays
        )
        region = read_region(session, min_region, images, options)
        segmenter = make_segmenter(session, k, preset, features, size, clahe, smoothness, region, seed)
        with session.usage_errors():
            if out.suffix != ".npz":
                raise ValueError(f"--out: a model file ends in .npz, got '{out}'")
        if out.is_file() and not is_model(out):
            raise OutputError(f"{out}: is there and is no model; move or rename it, or choose another name")
        found = find_inputs(images)
        session.skip(found.skipped)
        with session.progress() as advance:
            failures = train_files(found.images, segmenter, labels=labels, options=options, on_progress=advance)
        segmenter.save(out)
        model = segmenter.model
        session.report(failures)
        session.say(f"Trained {len(model.names)} phases on {len(model.training)} images: {out}")
        if model.chosen is not None:
            session.say(f"Features: {model.chosen.reason}")
        for remark in model.remarks:
            session.say(f"Note: {remark}")
        session.emit(
            {
                "model": out,
                "sha256": model.digest,
                "parameters": model.parameters.to_json(),
                "phases": model.names,
                "chosen": None if model.chosen is None else model.chosen.to_json(),
                "remarks": model.remarks,
                "n_iter": model.n_iter,
                "is_converged": model.is_converged,
                "training": model.training,
                "failures": [asdict(item) for item in failures],
                "skipped": [asdict(item) for item in found.skipped],
            }
        )
