"""The command line, `segment`."""

from segment.cli.main import app, main

__all__ = ["app", "main"]
