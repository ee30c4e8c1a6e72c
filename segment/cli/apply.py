"""The command ``segment apply``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segment.cli.console import Session
from segment.cli.options import (
    BandOption,
    Borders,
    Channel,
    Cluster,
    Colour,
    Densities,
    Export,
    Fractions,
    Hard,
    Images,
    Intervals,
    Json,
    Mask,
    Names,
    Out,
    Overlays,
    Page,
    PixelSize,
    Quiet,
    Range,
    Report,
    Resume,
    ScaleBar,
    Sigma,
    Strict,
    read_composition,
    read_exports,
    read_names,
    read_options,
)


def apply(
    model: Annotated[Path, typer.Argument(help="Model file that `segment train` wrote.", show_default=False)],
    images: Images,
    out: Out = Path("out"),
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
    resume: Resume = False,
    report: Report = False,
    export: Export = None,
    names: Names = None,
    fractions: Fractions = None,
    densities: Densities = None,
    fraction_sigma: Sigma = 0.05,
    hard: Hard = False,
    strict: Strict = False,
    intervals: Intervals = False,
    cluster: Cluster = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Segment images with a trained model."""
    with Session(json, quiet) as session:
        from segment.model import Segmenter
        from segment.pipeline import apply as apply_to_files

        options = read_options(
            session, band, pixel_size, page, channel, grey_range, mask, borders, scale_bar, colour, overlays
        )
        composition = read_composition(session, fractions, densities, fraction_sigma, hard, strict)
        exports = read_exports(session, export)
        segmenter = Segmenter.load(model)
        if names is not None:
            with session.usage_errors():
                segmenter.name_phases(read_names(names) or ())
        with session.progress() as advance:
            done = apply_to_files(
                segmenter,
                images,
                out,
                options=options,
                resume=resume,
                exports=exports,
                report=report,
                composition=composition,
                intervals=intervals,
                cluster=cluster,
                on_progress=advance,
            )
        session.print_batch(done, out)
