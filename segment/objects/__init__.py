"""Objects of an image: found, separated where they touch, measured, outlined and summed up."""

from segment.objects.contours import trace_outlines
from segment.objects.distributions import MeanDiameter, SizeDistribution, size_density, size_distribution
from segment.objects.find import find_objects
from segment.objects.split import split_touching
from segment.objects.table import measure_objects

__all__ = [
    "MeanDiameter",
    "SizeDistribution",
    "find_objects",
    "measure_objects",
    "size_density",
    "size_distribution",
    "split_touching",
    "trace_outlines",
]
