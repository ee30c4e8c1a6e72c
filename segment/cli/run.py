"""The command ``segment run``."""

from __future__ import annotations

from pathlib import Path

from segment.cli.console import Session
from segment.cli.options import (
    BandOption,
    Borders,
    Channel,
    Clahe,
    Cluster,
    Colour,
    Densities,
    Export,
    Features,
    Fractions,
    Hard,
    Images,
    Intervals,
    Json,
    Labels,
    Mask,
    MinRegion,
    Names,
    Out,
    Overlays,
    Page,
    Phases,
    PixelSize,
    Preset,
    Quiet,
    Range,
    Report,
    Resume,
    ScaleBar,
    Seed,
    Sigma,
    Size,
    Smoothness,
    Strict,
    make_segmenter,
    read_composition,
    read_exports,
    read_names,
    read_options,
    read_region,
)


def run(
    images: Images,
    out: Out = Path("out"),
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
    """Learn phases from images and segment the same images."""
    with Session(json, quiet) as session:
        from segment.pipeline import run as run_files

        options = read_options(
            session, band, pixel_size, page, channel, grey_range, mask, borders, scale_bar, colour, overlays
        )
        composition = read_composition(session, fractions, densities, fraction_sigma, hard, strict)
        exports = read_exports(session, export)
        region = read_region(session, min_region, images, options)
        segmenter = make_segmenter(session, k, preset, features, size, clahe, smoothness, region, seed)
        with session.progress() as advance:
            done = run_files(
                images,
                segmenter,
                out,
                labels=labels,
                options=options,
                resume=resume,
                exports=exports,
                report=report,
                names=read_names(names),
                composition=composition,
                intervals=intervals,
                cluster=cluster,
                on_progress=advance,
            )
        session.print_batch(done, out)
