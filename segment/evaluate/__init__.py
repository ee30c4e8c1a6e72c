"""Compare segmentations with known ones, and judge them without."""

from segment.evaluate.agreement import Agreement, count_overlap, match
from segment.evaluate.boundary import boundary_f1
from segment.evaluate.partition import adjusted_rand_index, variation_of_information
from segment.evaluate.quality import (
    Quality,
    assess,
    dominated_share,
    isolated_share,
    largest_cosine,
    relative_error,
)
from segment.evaluate.scores import Scores, evaluate

__all__ = [
    "Agreement",
    "Quality",
    "Scores",
    "adjusted_rand_index",
    "assess",
    "boundary_f1",
    "count_overlap",
    "dominated_share",
    "evaluate",
    "isolated_share",
    "largest_cosine",
    "match",
    "relative_error",
    "variation_of_information",
]
