"""The command ``segment info``."""

from __future__ import annotations

from segment.cli.console import Session
from segment.cli.options import BandOption, Images, Json, PixelSize, Quiet, read_options


def info(
    images: Images,
    band: BandOption = "auto",
    pixel_size: PixelSize = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show how files are read: size, type, pixel size and where it comes from, information band."""
    with Session(json, quiet) as session:
        from segment.io import find_images
        from segment.pipeline.reading import Failure, read_one

        options = read_options(session, band, pixel_size)
        items = [read_one(path, options) for path in find_images(images)]
        session.print_info([item for item in items if not isinstance(item, Failure)])
        session.report([item for item in items if isinstance(item, Failure)])
