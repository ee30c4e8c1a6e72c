"""The command line, `segment`."""

import segment.cli.evaluate  # noqa: F401 - registers its command
import segment.cli.explore  # noqa: F401 - registers its command
import segment.cli.phases  # noqa: F401 - registers its command
from segment.cli.main import app, main

__all__ = ["app", "main"]
