"""Numbers from phase maps. A new measure is one file and one line in `MEASURES`."""

from collections.abc import Callable
from typing import Any

from segment.measure.fields import FieldStatistics, fields_needed, points_needed, summarise_fields
from segment.measure.fractions import PhaseFraction, fractions_csv, measure_fractions
from segment.records import PhaseMap

__all__ = [
    "MEASURES",
    "FieldStatistics",
    "PhaseFraction",
    "fields_needed",
    "fractions_csv",
    "measure_fractions",
    "points_needed",
    "summarise_fields",
]

MEASURES: dict[str, Callable[[PhaseMap], tuple[Any, ...]]] = {
    "fractions": measure_fractions,
}
