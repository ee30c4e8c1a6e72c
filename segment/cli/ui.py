"""The command ``segment ui``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segment.cli.console import Session


def ui(
    port: Annotated[
        int | None, typer.Option(help="Port on this machine [7860, or any free one].", show_default=False)
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
    file_mb: Annotated[int, typer.Option(help="Largest file that is taken, in megabytes.", min=1)] = 200,
    megapixels: Annotated[int, typer.Option(help="Largest image that is taken, in millions of pixels.", min=1)] = 32,
    total_megapixels: Annotated[
        int | None,
        typer.Option(help="All images together, in millions of pixels [twice the largest].", show_default=False),
    ] = None,
    images: Annotated[int, typer.Option(help="Images that are open at once.", min=1)] = 100,
    projects: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps the projects [in the system's temporary folder].", show_default=False),
    ] = None,
) -> None:
    """Open the web app: drop images, check, adjust, name phases, download. It talks to this machine only."""
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
