"""How many phases: what four rules say of the same images, side by side."""

from segment.phases.comparison import PhaseComparison, compare_phases
from segment.phases.rules import RULES, Rule

__all__ = ["RULES", "PhaseComparison", "Rule", "compare_phases"]
