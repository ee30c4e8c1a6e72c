"""The command ``segment inclusions``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segment.cli.console import Session
from segment.cli.material import conclude, read_material
from segment.cli.options import BandOption, Images, Json, Mask, Out, PixelSize, Quiet, Report

POLARITIES = ("dark", "bright", "auto")
Polarity = Annotated[str, typer.Option(help="Inclusions are dark or bright; auto decides.")]


def inclusions(
    images: Images,
    out: Out = Path("out/inclusions"),
    polarity: Polarity = "dark",
    e45: Annotated[
        bool, typer.Option("--e45", help="Rate by ASTM E45; the rolling direction must be vertical in the image.")
    ] = False,
    nodularity: Annotated[
        bool, typer.Option("--nodularity", help="The inclusions are graphite: give the nodularity.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Write the images with the inclusions filled in from their surroundings.")
    ] = False,
    report: Report = False,
    pixel_size: PixelSize = None,
    band: BandOption = "auto",
    mask: Mask = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find inclusions or voids, measure them over all fields, and rate them by ASTM E45."""
    with Session(json, quiet) as session:
        from segment.pipeline.inclusion_fields import find_inclusion_fields
        from segment.pipeline.inclusions import InclusionOptions, measure_inclusions

        paths, options = read_material(session, images, band, pixel_size, {"--polarity": (polarity, POLARITIES)}, mask)
        chosen = InclusionOptions(e45, nodularity, remove)
        result = measure_inclusions(find_inclusion_fields(paths, polarity, options), out, chosen, report=report)
        found = result.numbers["area_fraction"]
        reach = "" if found["ci95"] is None else f" +- {100 * found['ci95']:.2g}"
        session.say(
            f"area fraction {100 * found['mean']:.3g}{reach} % of {found['n_fields']} fields, {found['method']}"
        )
        for name, table in zip(result.fields.names, result.tables, strict=True):
            session.say(f"{name}: {len(table)} inclusions")
        conclude(session, result, out, {**result.numbers, "caveats": list(result.caveats)})
