"""The commands of `segment`. Each imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

from typing import Annotated

import typer

from segment.cli.anomalies import anomalies
from segment.cli.apply import apply
from segment.cli.atoms import atoms
from segment.cli.demo import demo
from segment.cli.evaluate import evaluate
from segment.cli.explore import explore
from segment.cli.grains import grains
from segment.cli.guide import guide
from segment.cli.inclusions import inclusions
from segment.cli.info import info
from segment.cli.objects import objects
from segment.cli.phases import phases
from segment.cli.rerun import rerun
from segment.cli.run import run
from segment.cli.series import series
from segment.cli.train import train
from segment.cli.ui import ui

# In the order of --help.
COMMANDS = (
    *(demo, train, apply, run, info, rerun, ui, evaluate, explore, phases),
    *(objects, series, grains, inclusions, anomalies, atoms, guide),
)

app = typer.Typer(
    name="segment",
    help="Segment micrographs into phases without labels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from nmfcore import __version__

        typer.echo(f"segment {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Segment micrographs into phases without labels."""
    del version


for command in COMMANDS:
    app.command()(command)


def main() -> None:
    """Run the command line; the console entry point."""
    app(prog_name="segment")
