"""The command ``segment grains``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segment.cli.console import Session
from segment.cli.material import conclude, read_material
from segment.cli.options import BandOption, Images, Json, Mask, Out, PixelSize, Quiet, Report

KINDS = ("auto", "lines", "steps", "mask")
CONVENTIONS = ("e112", "nist", "mlography")
STANDARDS = {"e112": "ASTM E112", "iso643": "ISO 643"}


def grains(
    images: Images,
    out: Out = Path("out/grains"),
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="Boundaries are lines or steps of the grey level; auto decides; mask: the image is a drawing of them.",
        ),
    ] = "auto",
    convention: Annotated[str, typer.Option(help="How intercepts are counted: e112, nist or mlography.")] = "e112",
    standard: Annotated[str, typer.Option(help="Standard that defines G: e112 or iso643.")] = "e112",
    close: Annotated[bool, typer.Option("--close", help="Bridge gaps in the boundaries first.")] = False,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Painted boundaries to learn from, NAME_labels.png or a folder of them: 0 in grains, 1 on boundaries, "
            "255 where nothing is painted.",
            show_default=False,
        ),
    ] = None,
    report: Report = False,
    pixel_size: PixelSize = None,
    band: BandOption = "auto",
    mask: Mask = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure the grain size of one material from its fields: G by several methods, with intervals."""
    with Session(json, quiet) as session:
        from segment.pipeline.grains import GrainOptions, measure_grain_files

        words = {
            "--kind": (kind, KINDS),
            "--convention": (convention, CONVENTIONS),
            "--standard": (standard, STANDARDS),
        }
        if labels is not None and kind == "mask":
            with session.usage_errors():
                raise ValueError("--labels: drawn boundaries (--kind mask) are measured as they are, nothing is learnt")
        paths, options = read_material(session, images, band, pixel_size, words, mask)
        chosen = GrainOptions(kind, convention, STANDARDS[standard], close, labels)
        result = measure_grain_files(paths, out, chosen, options, report=report)
        for size in result.sizes:
            interval = (
                "no interval" if size.G_low is None or size.G_high is None else f"{size.G_low:.2f} to {size.G_high:.2f}"
            )
            session.say(f"G {size.G:.2f} ({interval}), {size.method}, {size.convention}, {size.standard}")
        session.say(f"mean intercept {result.mean_intercept_px:.4g} px, {convention}")
        conclude(session, result, out, result.to_json())
