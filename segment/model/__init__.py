"""Learn phases from micrographs and map them."""

from segment.model.fitted import FittedModel
from segment.model.parameters import Parameters, presets, resolve
from segment.model.segmenter import Segmenter
from segment.model.storage import ModelFileError

__all__ = ["FittedModel", "ModelFileError", "Parameters", "Segmenter", "presets", "resolve"]
