"""EELS: spectra of energy losses of electrons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.cases.contested import contested
from benchmarks.contest import Problem
from benchmarks.records import Effort
from benchmarks.unmixing import PLANTED, planted_folder, reason_to_skip

TITLE = "EELS, a synthetic spectrum image of three oxides, k = 3, Frobenius"
FILE = "eels-oxide_interface_d1000.npz"


def make(effort: Effort) -> Sequence[Problem]:
    """Return the matrix, whole in a full run."""
    planted = PLANTED["EELS"](planted_folder())
    X = planted.X if effort.is_full else np.ascontiguousarray(planted.X[::10])
    return [Problem(f"EELS {X.shape[0]:,} x {X.shape[1]:,}", X, len(planted.H))]


EELS = contested("eels", TITLE, "pixels x channels, counts, float64", make, lambda: reason_to_skip(FILE))
