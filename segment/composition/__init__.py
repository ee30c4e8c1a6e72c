"""Guide segmentations by what is known of the composition.

`guide` labels one image, `guide_batch` several of one material; `settle` does
it where no fractions are known.
"""

from segment.composition.area_fractions import area_fractions, fraction_profile
from segment.composition.composition import Composition
from segment.composition.guidance import compare, guide, guide_batch
from segment.composition.identity import name_by_brightness, name_by_seed, order_by_brightness
from segment.composition.prior import CompositionWarning
from segment.composition.settling import settle

__all__ = [
    "Composition",
    "CompositionWarning",
    "area_fractions",
    "compare",
    "fraction_profile",
    "guide",
    "guide_batch",
    "name_by_brightness",
    "name_by_seed",
    "order_by_brightness",
    "settle",
]
