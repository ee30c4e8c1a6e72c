"""Inclusions, voids and graphite: found, removed, and rated by the standards."""

from segment.inclusions.e45 import join_stringers, rate_field, rate_worst_field, severity_of
from segment.inclusions.find import FoundInclusions, find_inclusions
from segment.inclusions.nodularity import measure_roundness, rate_nodularity
from segment.inclusions.remove import remove_inclusions

__all__ = [
    "FoundInclusions",
    "find_inclusions",
    "join_stringers",
    "measure_roundness",
    "rate_field",
    "rate_nodularity",
    "rate_worst_field",
    "remove_inclusions",
    "severity_of",
]
