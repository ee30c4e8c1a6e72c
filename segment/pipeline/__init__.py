"""From files to files: train, apply, run, and the demonstration."""

from segment.pipeline.batch import BatchResult, ImageResult, NothingReadableError, apply, run, train
from segment.pipeline.demo import DemoRow, run_demo
from segment.pipeline.naming import output_names
from segment.pipeline.reading import Failure, Progress, ReadOptions
from segment.pipeline.rerun import RerunResult, rerun
from segment.pipeline.side_car import Difference, Recipe, SideCarError, read_recipe

__all__ = [
    "BatchResult",
    "DemoRow",
    "Difference",
    "Failure",
    "ImageResult",
    "NothingReadableError",
    "Progress",
    "ReadOptions",
    "Recipe",
    "RerunResult",
    "SideCarError",
    "apply",
    "output_names",
    "read_recipe",
    "rerun",
    "run",
    "run_demo",
    "train",
]
