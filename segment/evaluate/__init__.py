"""Compare segmentations with known ones."""

from segment.evaluate.agreement import Agreement, count_overlap, match

__all__ = ["Agreement", "count_overlap", "match"]
