"""A batch is one experiment: phases keep their identity over images that differ in brightness and contrast.

Every image is segmented alone; what its phases look like, on a scale that all
images share, says which of them are the same.
"""

from segment.batch.inversion import is_inverted, is_unlike
from segment.batch.naming import find_shared
from segment.batch.profile import Profile, no_profile, take_profile
from segment.batch.remarks import (
    BLANK,
    INVERTED,
    NOWHERE,
    UNLIKE,
    doubt_phases,
    remark_on_batch,
    remark_on_maps,
    remark_on_support,
)
from segment.batch.replicability import DOUBTFUL, TRUSTED, replicate
from segment.batch.ruler import Ruler, find_ruler
from segment.batch.shared import SharedPhases, share

__all__ = [
    "BLANK",
    "DOUBTFUL",
    "INVERTED",
    "NOWHERE",
    "TRUSTED",
    "UNLIKE",
    "Profile",
    "Ruler",
    "SharedPhases",
    "doubt_phases",
    "find_ruler",
    "find_shared",
    "is_inverted",
    "is_unlike",
    "no_profile",
    "remark_on_batch",
    "remark_on_maps",
    "remark_on_support",
    "replicate",
    "share",
    "take_profile",
]
