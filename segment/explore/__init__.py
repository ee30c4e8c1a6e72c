"""Many segmentations of one image beside each other, for somebody who knows the material to choose from."""

from segment.explore.candidate import Candidate, Exploration
from segment.explore.configurations import CONFIGURATIONS, Configuration, make_grid
from segment.explore.distinct import agreement_matrix, find_distinct
from segment.explore.exploration import explore, gather, run_trials
from segment.explore.trial import Trial
from segment.explore.uncertainty import uncertainty_map

__all__ = [
    "CONFIGURATIONS",
    "Candidate",
    "Exploration",
    "Configuration",
    "Trial",
    "agreement_matrix",
    "explore",
    "find_distinct",
    "gather",
    "make_grid",
    "run_trials",
    "uncertainty_map",
]
