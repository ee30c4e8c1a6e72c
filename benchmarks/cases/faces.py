"""Faces: few samples, many features, the data that made parts of objects known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.cases.contested import contested
from benchmarks.contest import Problem
from benchmarks.records import Effort
from benchmarks.unmixing import planted_folder, reason_to_skip

TITLE = "Faces of the Olivetti set, k = 49, Frobenius"
FILE = "orl-faces.npz"


def make(effort: Effort) -> Sequence[Problem]:
    """Return the images as rows, all of them in a full run."""
    with np.load(planted_folder() / FILE) as stored:
        X = stored["X"].astype(np.float32)
    if not effort.is_full:
        X = np.ascontiguousarray(X[:80, ::4])
    return [Problem(f"faces {X.shape[0]} x {X.shape[1]:,}", X, 49)]


FACES = contested(
    "faces",
    TITLE,
    "ten grey images of each of 40 people, 32 x 32 pixels, one image a row, float32",
    make,
    lambda: reason_to_skip(FILE),
)
