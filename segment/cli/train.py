"""The command ``segment train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segment.cli.console import Session
from segment.cli.options import (
    BandOption,
    Clahe,
    Features,
    Images,
    Json,
    Labels,
    MinRegion,
    Phases,
    PixelSize,
    Preset,
    Quiet,
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
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn phases from images and write them to a model file."""
    with Session(json, quiet) as session:
        from dataclasses import asdict

        from segment.io import find_images
        from segment.pipeline import train as train_files

        options = read_options(session, band, pixel_size)
        region = read_region(session, min_region, images, options)
        segmenter = make_segmenter(session, k, preset, features, size, clahe, smoothness, region, seed)
        with session.usage_errors():
            if out.suffix != ".npz":
                raise ValueError(f"--out: a model file ends in .npz, got '{out}'")
        paths = find_images(images)
        with session.progress() as advance:
            failures = train_files(paths, segmenter, labels=labels, options=options, on_progress=advance)
        segmenter.save(out)
        model = segmenter.model
        session.report(failures)
        session.say(f"Trained {len(model.names)} phases on {len(model.training)} images: {out}")
        if model.textured is not None:
            session.say(f"Scale: {model.textured.reason}")
        if model.grained is not None:
            session.say(f"Boundaries: {model.grained.reason}")
        session.emit(
            {
                "model": out,
                "sha256": model.digest,
                "parameters": model.parameters.to_json(),
                "phases": model.names,
                "textured": None if model.textured is None else model.textured.to_json(),
                "grained": None if model.grained is None else model.grained.to_json(),
                "n_iter": model.n_iter,
                "is_converged": model.is_converged,
                "training": model.training,
                "failures": [asdict(item) for item in failures],
            }
        )
