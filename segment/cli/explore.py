"""The command ``segment explore``."""

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
    Json,
    Mask,
    Overlays,
    Page,
    Quiet,
    Range,
    ScaleBar,
    Seed,
    read_options,
)


def explore(
    image: Annotated[Path, typer.Argument(help="Image file.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("out/explore"),
    k: Annotated[
        list[int] | None,
        typer.Option(
            "--phases", "-k", help="Number of phases to try; may be repeated (default: 2, 3 and 4).", show_default=False
        ),
    ] = None,
    pick: Annotated[
        int | None,
        typer.Option(
            "--pick", help="Write the settings of candidate N as a preset file.", metavar="N", show_default=False
        ),
    ] = None,
    preset_file: Annotated[
        Path | None,
        typer.Option(
            "--preset-file", help="File that --pick writes (default: NAME_pick_N.toml in --out).", show_default=False
        ),
    ] = None,
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
    """Segment an image with many settings and draw the maps that differ on a numbered sheet, to choose from."""
    with Session(json, quiet) as session:
        from segment.explore import explore as try_all
        from segment.explore.files import Request, list_path, read_candidates, write_choice, write_exploration
        from segment.model import resolve
        from segment.pipeline import Progress
        from segment.pipeline.reading import Failure, read_one

        options = read_options(
            session, band, None, page, channel, grey_range, mask, borders, scale_bar, colour, overlays
        )
        numbers = tuple(sorted(set(k or (2, 3, 4))))
        with session.usage_errors():
            for n_phases in numbers:
                resolve(n_phases=n_phases, random_state=seed)
            if preset_file is not None and pick is None:
                raise ValueError("--preset-file needs --pick, which is missing")
            if preset_file is not None and preset_file.suffix != ".toml":
                raise ValueError(f"--preset-file: a preset file ends in .toml, got '{preset_file}'")
        micrograph = read_one(image, options)
        if isinstance(micrograph, Failure):
            raise ValueError(micrograph.message)
        name, request = micrograph.name, Request(micrograph, numbers, seed)
        known = None if pick is None else read_candidates(list_path(out, name), request)
        if known is None:
            with session.progress() as advance:
                found = try_all(
                    micrograph,
                    numbers,
                    random_state=seed,
                    on_candidate=lambda done, total: advance(Progress("try", done, total, name)),
                )
            sheet, uncertainty, *_ = write_exploration(out, name, found, request)
            session.print_candidates(found)
            session.say(f"Sheet in {sheet}, uncertainty in {uncertainty}")
            known = tuple(candidate.parameters for candidate in found.candidates)
        written = None
        if pick is not None:
            written = preset_file or out / f"{name}_pick_{pick}.toml"
            with session.usage_errors():
                write_choice(written, known, pick, micrograph.name, written.stem)
            session.say(f"Candidate {pick} is now a preset: segment run IMAGES --preset {written}")
        session.emit({"candidates": [parameters.to_json() for parameters in known], "out": out, "preset": written})
