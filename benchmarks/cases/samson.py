"""Samson: a standard image of hyperspectral unmixing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.cases.contested import contested
from benchmarks.contest import Problem
from benchmarks.records import Effort
from benchmarks.unmixing import PLANTED, planted_folder, reason_to_skip

TITLE = "Samson, a hyperspectral image of soil, trees and water, k = 3, Frobenius"
FILE = "Samson.mat"


def make(effort: Effort) -> Sequence[Problem]:
    """Return the matrix, whole in a full run."""
    planted = PLANTED["Samson"](planted_folder())
    X = planted.X if effort.is_full else np.ascontiguousarray(planted.X[::20])
    return [Problem(f"Samson {X.shape[0]:,} x {X.shape[1]:,}", X, len(planted.H))]


SAMSON = contested("samson", TITLE, "pixels x bands, float64", make, lambda: reason_to_skip(FILE))
