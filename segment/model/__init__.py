"""Learn phases from micrographs and map them."""

from segment.model.fitted import FittedModel
from segment.model.parameters import Parameters
from segment.model.preset import PresetFileError, presets, read_preset, resolve, write_preset
from segment.model.segmenter import Segmenter
from segment.model.storage import ModelFileError

__all__ = [
    "FittedModel",
    "ModelFileError",
    "Parameters",
    "PresetFileError",
    "Segmenter",
    "presets",
    "read_preset",
    "resolve",
    "write_preset",
]
