"""The frozen records that flow between the subpackages of `segment`, a file for each thing they describe."""

from segment.records.anomaly import AnomalyScores, Region, ShapeDictionary, ShapeScores
from segment.records.atoms import (
    ColumnClasses,
    Columns,
    ColumnShape,
    ImageNoise,
    ImageScale,
    Lattice,
    LatticeCheck,
    Motifs,
    Neighbours,
    Order,
    PatchParts,
)
from segment.records.grains import GrainCount, GrainSize, Intercepts, Network
from segment.records.grey_image import GreyImage, chroma_of, valid_of
from segment.records.inclusions import InclusionRating, Nodularity, Stringer
from segment.records.intervals import Intervals
from segment.records.maps import Adaptation, FeatureStack, Guidance, Neighbourhood, PhaseMap, Treatment
from segment.records.micrograph import EXCLUDED, Band, Calibration, Micrograph
from segment.records.objects import Objects, Outline
from segment.records.series import Area, BadFrame, Jump, Series, Shifts, Tracks
from segment.records.table import Table

__all__ = [
    "EXCLUDED",
    "Adaptation",
    "AnomalyScores",
    "Area",
    "BadFrame",
    "Band",
    "Calibration",
    "ColumnClasses",
    "ColumnShape",
    "Columns",
    "FeatureStack",
    "GrainCount",
    "GrainSize",
    "GreyImage",
    "Guidance",
    "ImageNoise",
    "ImageScale",
    "InclusionRating",
    "Intercepts",
    "Intervals",
    "Jump",
    "Lattice",
    "LatticeCheck",
    "Micrograph",
    "Motifs",
    "Neighbourhood",
    "Neighbours",
    "Network",
    "Nodularity",
    "Objects",
    "Order",
    "Outline",
    "PatchParts",
    "PhaseMap",
    "Region",
    "Series",
    "ShapeDictionary",
    "ShapeScores",
    "Shifts",
    "Stringer",
    "Table",
    "Tracks",
    "Treatment",
    "chroma_of",
    "valid_of",
]
