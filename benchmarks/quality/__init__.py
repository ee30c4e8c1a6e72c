"""How well methods find the classes of labelled micrographs: the sets, the methods, and panels to look at."""

from benchmarks.quality.batches import BATCH_METHODS, choose_phases
from benchmarks.quality.labelled import Labelled, load_sets
from benchmarks.quality.methods import METHODS

__all__ = ["BATCH_METHODS", "METHODS", "Labelled", "choose_phases", "load_sets"]
