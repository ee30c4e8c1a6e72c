"""The command ``segment phases``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segment.cli.console import Session
from segment.cli.options import (
    BandOption,
    Borders,
    Channel,
    Colour,
    Features,
    Images,
    Json,
    Mask,
    Overlays,
    Page,
    Preset,
    Quiet,
    Range,
    ScaleBar,
    Seed,
    read_options,
)

PICTURES = (".png", ".svg", ".pdf")


def phases(
    images: Images,
    most: Annotated[int, typer.Option("--most", help="Largest number of phases to try.", min=2, max=50)] = 8,
    plot: Annotated[
        Path | None, typer.Option("--plot", "-p", help="Picture to write: .png, .svg or .pdf.", show_default=False)
    ] = None,
    preset: Preset = "default",
    features: Features = None,
    seed: Seed = 0,
    band: BandOption = "auto",
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
    """Suggest a number of phases by four rules: elbow, stability over seeds, held-out error and eigenvalues."""
    with Session(json, quiet) as session:
        from segment.io import find_images
        from segment.model import Segmenter
        from segment.phases import RULES, compare_phases
        from segment.pipeline.banding import read_batch
        from segment.pipeline.reading import Failure

        options = read_options(
            session, band, None, page, channel, grey_range, mask, borders, scale_bar, colour, overlays
        )
        with session.usage_errors():
            if plot is not None and plot.suffix.lower() not in PICTURES:
                raise ValueError(f"--plot: a picture ends in {', '.join(PICTURES)}, got '{plot}'")
            parameters = Segmenter(preset=preset, features=features, random_state=seed).parameters
        paths = find_images(images)
        if plot is not None and plot.resolve() in {path.resolve() for path in paths}:
            raise ValueError(f"--plot: '{plot}' is an input and would be overwritten")
        items = read_batch(paths, options)
        session.report([item for item in items if isinstance(item, Failure)])
        readable = [item for item in items if not isinstance(item, Failure)]
        if not readable:
            raise ValueError(f"none of the {len(items)} inputs could be read")
        found = compare_phases(readable, range(1, most + 1), parameters=parameters)
        if plot is not None:
            from segment.io import atomic_path
            from segment.plots import plot_choice

            titles = {name: rule.title for name, rule in RULES.items()}
            figure = plot_choice(found.n_phases, found.curves, suggestions=found.suggestions, labels=titles)
            with atomic_path(plot) as temporary:
                figure.savefig(temporary, dpi=150)
        session.print_phases(found)
        if plot is not None:
            session.say(f"Plot in {plot}")
        session.emit(found.to_json())
