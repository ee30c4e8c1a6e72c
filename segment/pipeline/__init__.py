"""From files to files: train, apply, run, and the demonstration."""

from segment.pipeline.batch import BatchResult, ImageResult, NothingReadableError, apply, run, train
from segment.pipeline.demo import DemoRow, run_demo
from segment.pipeline.naming import output_names
from segment.pipeline.reading import Failure, Progress, ReadOptions

__all__ = [
    "BatchResult",
    "DemoRow",
    "Failure",
    "ImageResult",
    "NothingReadableError",
    "Progress",
    "ReadOptions",
    "apply",
    "output_names",
    "run",
    "run_demo",
    "train",
]
