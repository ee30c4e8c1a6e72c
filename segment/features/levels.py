"""The grey level of a pixel as five soft levels, for phases in between dark and bright."""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

from segment.features.feature_set import FeatureSet
from segment.features.grey import SMALLEST, compute_grey

DEGREE = 4


def compute_levels(image: NDArray[np.float32], out: NDArray[np.float32], scale: float, flatten: int) -> None:
    """Fill `out`, shape (5, h, w), with the Bernstein polynomials of degree 4 of the bright fraction of `compute_grey`.

    They are non-negative and sum to one in every pixel, and a phase of a middle grey level, which two features can only
    mix from the others, is a direction of its own. A constant image gives 1e-6 everywhere.

    References
    ----------
    R. T. Farouki, "The Bernstein polynomial basis: a centennial retrospective", doi 10.1016/j.cagd.2012.03.001, eq. 2.
    """
    pair = np.empty((2, *image.shape), dtype=np.float32)
    compute_grey(image, pair, scale, flatten)
    bright, dark = pair
    if image.min() == image.max():
        out.fill(SMALLEST)
        return
    for index, plane in enumerate(out):
        np.multiply(bright**index, dark ** (DEGREE - index), out=plane)
        plane *= np.float32(comb(DEGREE, index))
    np.maximum(out, SMALLEST, out=out)


LEVELS = FeatureSet(tuple(f"level_{index}" for index in range(DEGREE + 1)), compute_levels)
