"""Grain boundaries, intercepts, grains and the grain size number, by conventions that are named."""

from segment.grains.boundaries import FoundBoundaries, find_boundaries
from segment.grains.closing import ClosedNetwork, close_network
from segment.grains.e112 import estimate_grain_size, grain_size_number
from segment.grains.intercepts import measure_intercepts
from segment.grains.iso643 import iso_grain_size_number
from segment.grains.labelled import BoundaryForest, learn_boundaries
from segment.grains.network import read_boundaries, trace_network
from segment.grains.planimetric import OpenNetworkError, check_closed, count_grains
from segment.grains.rectangle import largest_rectangle
from segment.grains.size import has_long_grains, size_by_count, size_by_direction, size_by_intercepts

__all__ = [
    "BoundaryForest",
    "ClosedNetwork",
    "FoundBoundaries",
    "OpenNetworkError",
    "check_closed",
    "close_network",
    "count_grains",
    "estimate_grain_size",
    "find_boundaries",
    "grain_size_number",
    "has_long_grains",
    "iso_grain_size_number",
    "largest_rectangle",
    "learn_boundaries",
    "measure_intercepts",
    "read_boundaries",
    "size_by_count",
    "size_by_direction",
    "size_by_intercepts",
    "trace_network",
]
