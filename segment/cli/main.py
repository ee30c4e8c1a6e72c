"""The commands of `segment`. Each imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

import typer

from segment.cli.apply import apply
from segment.cli.demo import demo
from segment.cli.evaluate import evaluate
from segment.cli.explore import explore
from segment.cli.info import info
from segment.cli.phases import phases
from segment.cli.rerun import rerun
from segment.cli.run import run
from segment.cli.train import train
from segment.cli.ui import ui

# In the order of --help.
COMMANDS = (demo, train, apply, run, info, rerun, ui, evaluate, explore, phases)

app = typer.Typer(
    name="segment",
    help="Segment micrographs into phases without labels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in COMMANDS:
    app.command()(command)


def main() -> None:
    """Run the command line; the console entry point."""
    app(prog_name="segment")
