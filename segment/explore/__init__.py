"""Many segmentations of one image beside each other, for somebody who knows the material to choose from."""

from segment.explore.candidate import Candidate, Exploration
from segment.explore.distinct import agreement_matrix, find_distinct
from segment.explore.exploration import explore
from segment.explore.looks import LOOKS, Look, make_grid
from segment.explore.uncertainty import uncertainty_map

__all__ = [
    "LOOKS",
    "Candidate",
    "Exploration",
    "Look",
    "agreement_matrix",
    "explore",
    "find_distinct",
    "make_grid",
    "uncertainty_map",
]
