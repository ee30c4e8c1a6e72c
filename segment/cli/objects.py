"""The command ``segment objects``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segment.cli.console import Session
from segment.cli.options import BandOption, Images, Json, Mask, Out, PixelSize, Quiet, read_options

KINDS = ("auto", "image", "phases", "ids")
POLARITIES = ("auto", "bright", "dark")


def objects(
    images: Images,
    out: Out = Path("out/objects"),
    kind: Annotated[
        str,
        typer.Option("--kind", help="Kind of input: image, phases (phase maps), ids (labelled objects); auto decides."),
    ] = "auto",
    polarity: Annotated[str, typer.Option(help="Objects in images are bright or dark; auto decides.")] = "auto",
    phase: Annotated[
        str | None,
        typer.Option("--phase", help="Name or id of the phase to measure, for phase maps.", show_default=False),
    ] = None,
    split: Annotated[bool, typer.Option("--split/--no-split", help="Separate touching objects.")] = True,
    min_pixels: Annotated[
        int | None,
        typer.Option(
            "--min-pixels",
            help="Smallest object (default: 5 % of the area-weighted median for images, else 1).",
            show_default=False,
        ),
    ] = None,
    export: Annotated[
        list[str] | None,
        typer.Option("--export", help="Further format; may be repeated: geojson, roi, parquet.", show_default=False),
    ] = None,
    pixel_size: PixelSize = None,
    band: BandOption = "auto",
    mask: Mask = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find, separate and measure objects: a table row and an outline for each, and their size distribution."""
    with Session(json, quiet) as session:
        from dataclasses import asdict

        from segment.io.exclude import without_masks
        from segment.pipeline.objects import EXPORTS, ObjectOptions, find_inputs, measure_files

        options = read_options(session, band, pixel_size, mask=mask)
        with session.usage_errors():
            for name, value, known in (("--kind", kind, KINDS), ("--polarity", polarity, POLARITIES)):
                if value not in known:
                    raise ValueError(f"{name}: one of {', '.join(known)}, got {value!r}")
            if min_pixels is not None and min_pixels < 1:
                raise ValueError(f"--min-pixels: at least 1, got {min_pixels}")
            for name in export or ():
                if name not in EXPORTS:
                    raise ValueError(f"--export: one of {', '.join(EXPORTS)}, got {name!r}")
        chosen = ObjectOptions(kind, polarity, phase, split, min_pixels)
        with session.progress() as advance:
            results, failures = measure_files(
                without_masks(find_inputs(images), mask), out, chosen, options, export or (), advance
            )
        session.report(failures)
        for item in results:
            session.say(f"{item.name}: {_summary(item)}")
        session.say(f"{len(results)} measured, {len(failures)} failed; results in {out}")
        session.emit(
            {
                "out": out,
                "images": [
                    {
                        "path": item.path,
                        "name": item.name,
                        "n_objects": len(item.objects),
                        "sizes": None if item.sizes is None else asdict(item.sizes),
                    }
                    for item in results
                ],
                "failures": [asdict(item) for item in failures],
            }
        )


def _summary(item: object) -> str:
    from segment.pipeline.objects import ObjectResult

    assert isinstance(item, ObjectResult)
    cut = int(item.objects.table["touches_edge"].sum())
    text = f"{len(item.objects)} objects" + (f", {cut} cut by the edge" if cut else "")
    if item.sizes is None:
        return text
    unit = "px" if item.objects.pixel_size_um is None else "um"
    mean = item.sizes.means[0]
    reach = "" if mean.ci95 is None else f" +- {mean.ci95:.2g}"
    text += f"; mean diameter {mean.value:.4g}{reach} {unit}, median {item.sizes.percentiles['x50']:.4g} {unit}"
    if item.sizes.is_sufficient:
        return f"{text}; N suffices for 5 % on every mean"
    needed = max((mean.n_needed for mean in item.sizes.means if mean.n_needed is not None), default=None)
    return text + (
        "; too few for an interval" if needed is None else f"; {needed} objects needed for 5 % on every mean"
    )
