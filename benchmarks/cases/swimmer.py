"""Swimmer: images made of parts that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.cases.contested import contested
from benchmarks.contest import Problem
from benchmarks.records import Effort
from benchmarks.unmixing import PLANTED, planted_folder, reason_to_skip

TITLE = "Swimmer, noisy images of a torso and four limbs, k = 17, Frobenius"
FILE = "swimmer.mat"


def make(effort: Effort) -> Sequence[Problem]:
    """Return the matrix, whole in a full run."""
    planted = PLANTED["swimmer"](planted_folder())
    X = planted.X if effort.is_full else np.ascontiguousarray(planted.X[:, ::4])
    return [Problem(f"swimmer {X.shape[0]:,} x {X.shape[1]:,}", X, len(planted.H))]


SWIMMER = contested(
    "swimmer", TITLE, "images x pixels, less the median count, float64", make, lambda: reason_to_skip(FILE)
)
