"""The command ``segment rerun``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segment.cli.console import Session
from segment.cli.options import Json, Quiet


def rerun(
    side_cars: Annotated[
        list[Path],
        typer.Argument(help="Side-cars of earlier results: NAME.json, or series.json of a film.", show_default=False),
    ],
    image: Annotated[
        Path | None,
        typer.Option(
            help="Where the input, or the folder of frames, is (default: the recorded path).", show_default=False
        ),
    ] = None,
    train: Annotated[
        list[str] | None,
        typer.Option(
            "--train", help="Repeat the training too, from the images of this file, folder or glob.", show_default=False
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Repeat an earlier result and check that it is the same bit for bit, or list what differs. Writes nothing."""
    with Session(json, quiet) as session:
        from segment.pipeline import rerun as rerun_file

        with session.usage_errors():
            if image is not None and len(side_cars) > 1:
                raise ValueError(f"--image: belongs to one side-car, got {len(side_cars)}")
        from segment.pipeline.series_rerun import is_series_record, rerun_series

        session.print_rerun(
            [
                rerun_series(path, frames=image)
                if is_series_record(path)
                else rerun_file(path, image=image, training=train)
                for path in side_cars
            ]
        )
