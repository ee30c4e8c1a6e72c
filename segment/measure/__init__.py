"""Numbers from phase maps. A new measure is one file and one line in `MEASURES`."""

from collections.abc import Callable
from typing import Any

from segment.measure.e1245 import ConstituentField, measure_constituent, summarise_constituent
from segment.measure.fields import FieldStatistics, fields_needed, join_intervals, points_needed, summarise_fields
from segment.measure.fractions import PhaseFraction, fractions_csv, measure_fractions
from segment.records import PhaseMap

__all__ = [
    "MEASURES",
    "ConstituentField",
    "FieldStatistics",
    "PhaseFraction",
    "fields_needed",
    "fractions_csv",
    "join_intervals",
    "measure_constituent",
    "measure_fractions",
    "points_needed",
    "summarise_constituent",
    "summarise_fields",
]

MEASURES: dict[str, Callable[[PhaseMap], tuple[Any, ...]]] = {
    "fractions": measure_fractions,
}
