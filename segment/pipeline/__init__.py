"""From files to files: train, apply, run, and the demonstration."""

from segment.pipeline.batch import BatchResult, ImageResult, NothingReadableError, apply, run, train
from segment.pipeline.demo import DemoRow, run_demo
from segment.pipeline.naming import output_names
from segment.pipeline.reading import Failure, Progress, ReadOptions
from segment.pipeline.rerun import Difference, RerunResult, SideCarError, rerun

__all__ = [
    "BatchResult",
    "DemoRow",
    "Difference",
    "Failure",
    "ImageResult",
    "NothingReadableError",
    "Progress",
    "ReadOptions",
    "RerunResult",
    "SideCarError",
    "apply",
    "output_names",
    "rerun",
    "run",
    "run_demo",
    "train",
]
