"""The command ``segment info``."""

from __future__ import annotations

from segment.cli.console import Session
from segment.cli.options import (
    BandOption,
    Borders,
    Channel,
    Colour,
    Images,
    Json,
    Mask,
    Overlays,
    Page,
    PixelSize,
    Quiet,
    Range,
    ScaleBar,
    read_options,
)


def info(
    images: Images,
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
    """Show what is read from files: size, type, pixel size and its source, information band."""
    with Session(json, quiet) as session:
        from segment.io import find_inputs
        from segment.pipeline.banding import read_batch
        from segment.pipeline.reading import Failure

        options = read_options(
            session, band, pixel_size, page, channel, grey_range, mask, borders, scale_bar, colour, overlays
        )
        found = find_inputs(images)
        items = read_batch(found.images, options)
        session.skip(found.skipped)
        session.print_info([item for item in items if not isinstance(item, Failure)])
        session.report([item for item in items if isinstance(item, Failure)])
