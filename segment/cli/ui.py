"""The command ``segment ui``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segment.cli.console import Session


def ui(
    port: Annotated[
        int | None, typer.Option(help="Port on this computer (default: 7860, or any free one).", show_default=False)
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
    file_mb: Annotated[int, typer.Option(help="Largest file to accept, in megabytes.", min=1)] = 200,
    megapixels: Annotated[int, typer.Option(help="Largest image to accept, in millions of pixels.", min=1)] = 32,
    total_megapixels: Annotated[
        int | None,
        typer.Option(
            help="Limit for all images together, in millions of pixels (default: twice the largest).",
            show_default=False,
        ),
    ] = None,
    images: Annotated[int, typer.Option(help="Number of images that may be open at once.", min=1)] = 100,
    projects: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the projects (default: in the temporary folder of the system).", show_default=False
        ),
    ] = None,
) -> None:
    """Open the app in the browser: segment, name, correct and measure. No image leaves this computer."""
    with Session(False, False):
        from importlib.util import find_spec

        from segment.app.limits import Limits
        from segment.app.server import serve

        if find_spec("fastapi") is None or find_spec("uvicorn") is None:
            raise RuntimeError("the web app needs FastAPI and Uvicorn: pip install 'nmfcore[segment,app]'")

        def ready(address: str) -> None:
            typer.echo(f"Segment is open at {address} on this machine; Ctrl-C ends it.")
            if browser:
                import webbrowser

                webbrowser.open(address)

        serve(port, Limits(file_mb, megapixels, total_megapixels or 2 * megapixels, images), ready, projects)
