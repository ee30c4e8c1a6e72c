"""Synthetic micrographs whose phases are known."""

from segment.samples.materials import MATERIALS, Material
from segment.samples.sample import Sample, make_micrograph
from segment.samples.write import write_samples

__all__ = ["MATERIALS", "Material", "Sample", "make_micrograph", "write_samples"]
