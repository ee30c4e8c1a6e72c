"""Synthetic micrographs whose phases are known."""

from segment.samples.atoms import STRUCTURES, ColumnSample, Structure, make_columns
from segment.samples.batch import make_batch
from segment.samples.bicrystal import Bicrystal, make_bicrystal
from segment.samples.coarsening import CoarseningFilm, make_coarsening
from segment.samples.defect_world import DefectWorld, make_defect_world
from segment.samples.grains import GrainSample, make_grains
from segment.samples.inclusions import PlantedField, draw_stringers, plant_anomalies
from segment.samples.materials import COLOURED, MATERIALS, Material
from segment.samples.sample import Sample, make_micrograph
from segment.samples.write import write_samples

__all__ = [
    "Bicrystal",
    "CoarseningFilm",
    "ColumnSample",
    "DefectWorld",
    "GrainSample",
    "COLOURED",
    "MATERIALS",
    "Material",
    "PlantedField",
    "STRUCTURES",
    "Sample",
    "Structure",
    "draw_stringers",
    "make_batch",
    "make_bicrystal",
    "make_coarsening",
    "make_columns",
    "make_defect_world",
    "make_grains",
    "make_micrograph",
    "plant_anomalies",
    "write_samples",
]
