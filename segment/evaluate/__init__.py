"""Compare segmentations with known ones, and judge them without."""

from segment.evaluate.agreement import Agreement, count_overlap, match
from segment.evaluate.batch import BatchScores, evaluate_batch
from segment.evaluate.boundaries import LineMatch, match_lines
from segment.evaluate.boundary import boundary_f1
from segment.evaluate.columns import ColumnScores, match_columns
from segment.evaluate.objects import ObjectScores, match_objects, score_objects
from segment.evaluate.partition import adjusted_rand_index, variation_of_information
from segment.evaluate.quality import (
    Quality,
    assess,
    assess_map,
    dominated_share,
    isolated_share,
    largest_cosine,
    relative_error,
)
from segment.evaluate.scores import Scores, evaluate
from segment.evaluate.tracks import PairScores, match_places, score_events, score_links

__all__ = [
    "Agreement",
    "BatchScores",
    "ColumnScores",
    "LineMatch",
    "ObjectScores",
    "PairScores",
    "Quality",
    "Scores",
    "adjusted_rand_index",
    "assess",
    "boundary_f1",
    "count_overlap",
    "dominated_share",
    "evaluate",
    "evaluate_batch",
    "assess_map",
    "isolated_share",
    "largest_cosine",
    "match",
    "match_columns",
    "match_lines",
    "match_objects",
    "match_places",
    "relative_error",
    "score_events",
    "score_links",
    "score_objects",
    "variation_of_information",
]
