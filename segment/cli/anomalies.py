"""The command ``segment anomalies``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segment.cli.console import Session
from segment.cli.inclusions import POLARITIES, Polarity
from segment.cli.material import conclude, read_material
from segment.cli.options import BandOption, Images, Json, Mask, Out, PixelSize, Quiet, Report

MOST_SHOWN = 5


def anomalies(
    images: Images,
    out: Out = Path("out/anomalies"),
    polarity: Polarity = "dark",
    smallest: Annotated[int, typer.Option(help="Smallest inclusion to count, in pixels.")] = 10,
    origin: Annotated[
        str, typer.Option(help="Stage position of the upper left corner, in micrometres.", metavar="X,Y")
    ] = "0,0",
    mlography: Annotated[
        bool, typer.Option("--mlography", help="Add the spatial score of MLography, which ranks mainly by size.")
    ] = False,
    report: Report = False,
    pixel_size: PixelSize = None,
    band: BandOption = "auto",
    mask: Mask = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find unusual inclusions and areas in a set of scans: isolated, crowded, large or of an irregular shape."""
    with Session(json, quiet) as session:
        from segment.pipeline.anomalies import AnomalyOptions, score_anomalies
        from segment.pipeline.inclusion_fields import find_inclusion_fields

        with session.usage_errors():
            if smallest < 1:
                raise ValueError(f"--smallest: at least 1 pixel, got {smallest}")
            corner = _corner(origin)
        paths, options = read_material(session, images, band, pixel_size, {"--polarity": (polarity, POLARITIES)}, mask)
        chosen = AnomalyOptions(smallest, corner, mlography)
        result = score_anomalies(find_inclusion_fields(paths, polarity, options), out, chosen, report=report)
        for name, table, regions in zip(result.fields.names, result.tables, result.regions, strict=True):
            unusual = int((table["combined_p"] <= 0.05).sum())
            session.say(f"{name}: {len(table)} inclusions, {unusual} unusual at p = .05, {len(regions)} areas")
            for region in regions[:MOST_SHOWN]:
                session.say(
                    f"  x {region.left:.0f} to {region.right:.0f}, y {region.top:.0f} to {region.bottom:.0f} px: "
                    f"{region.n_objects} inclusions, {region.excess:.1f} times what its area is expected to hold"
                )
        conclude(session, result, out, {**result.numbers, "caveats": list(result.caveats)})


def _corner(text: str) -> tuple[float, float]:
    import math

    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        x = y = math.nan
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError(f"--origin: two numbers of micrometres, as '1200,350', got {text!r}")
    return x, y
