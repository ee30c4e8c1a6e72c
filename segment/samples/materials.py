"""The materials that can be drawn. A new one is one file and one line."""

from segment.samples.barrier_coating import BARRIER_COATING
from segment.samples.dual_phase_steel import DUAL_PHASE_STEEL
from segment.samples.ductile_iron import DUCTILE_IRON
from segment.samples.material import Material
from segment.samples.nickel_superalloy import NICKEL_SUPERALLOY
from segment.samples.tinted_steel import TINTED_STEEL

__all__ = ["COLOURED", "MATERIALS", "Material"]

MATERIALS: dict[str, Material] = {
    material.name: material for material in (DUAL_PHASE_STEEL, NICKEL_SUPERALLOY, DUCTILE_IRON, BARRIER_COATING)
}
# Those whose phases only a colour picture tells apart.
COLOURED: dict[str, Material] = {material.name: material for material in (TINTED_STEEL,)}
