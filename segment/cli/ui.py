"""The command ``segment ui``."""

from __future__ import annotations

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
) -> None:
    """Open the web app: drop images, look, adjust, name phases, download. It talks to this machine only."""
    with Session(False, False):
        from importlib.util import find_spec

        from segment.app.limits import Limits
        from segment.app.server import serve

        if find_spec("gradio") is None:
            raise RuntimeError("the web app needs Gradio: pip install 'nmfcore[segment,app]'")

        def ready(address: str) -> None:
            typer.echo(f"Segment is open at {address} on this machine; Ctrl-C ends it.")
            if browser:
                import webbrowser

                webbrowser.open(address)

        serve(port, Limits(file_mb, megapixels, 2 * megapixels), ready)
