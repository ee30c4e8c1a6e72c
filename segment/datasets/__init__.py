"""Load labelled micrographs published by others."""

from segment.datasets.metaldam import LabelledMicrograph, load_metaldam

__all__ = ["LabelledMicrograph", "load_metaldam"]
