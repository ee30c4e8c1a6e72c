"""Atomic columns: found, fitted, put on lattices, classified and joined into graphs."""

from segment.atoms.analysis import Analysis, analyse_columns
from segment.atoms.calibration import check_lattice, find_cells
from segment.atoms.classes import classify_columns
from segment.atoms.columns import find_columns
from segment.atoms.graph import join_neighbours
from segment.atoms.guide import Tour, next_field, score_overview, tour
from segment.atoms.lattice import fit_lattices
from segment.atoms.motifs import find_motifs
from segment.atoms.order import burgers_circuits, measure_order, rank_defects
from segment.atoms.patches import find_patch_parts
from segment.atoms.seed import find_by_threshold
from segment.atoms.strain import measure_strain

__all__ = [
    "Analysis",
    "Tour",
    "analyse_columns",
    "burgers_circuits",
    "check_lattice",
    "classify_columns",
    "find_by_threshold",
    "find_cells",
    "find_columns",
    "find_motifs",
    "find_patch_parts",
    "fit_lattices",
    "join_neighbours",
    "measure_order",
    "measure_strain",
    "next_field",
    "rank_defects",
    "score_overview",
    "tour",
]
