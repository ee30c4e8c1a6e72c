"""Load labelled micrographs published by others."""

from segment.datasets.labelled import UNANNOTATED, LabelledMicrograph
from segment.datasets.metaldam import load_metaldam

__all__ = ["UNANNOTATED", "LabelledMicrograph", "load_metaldam"]
