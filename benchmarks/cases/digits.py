"""The digits that come with scikit-learn: small, so that what a call costs beside its iterations shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.datasets import load_digits

from benchmarks.cases.contested import contested
from benchmarks.contest import Problem
from benchmarks.records import Effort

TITLE = "scikit-learn's digits, k = 10, Frobenius"


def make(effort: Effort) -> Sequence[Problem]:
    """Return all digits, in a quick run the first 300."""
    X = load_digits().data.astype(np.float64)
    X = X if effort.is_full else X[:300].copy()
    return [Problem(f"digits {X.shape[0]:,} x {X.shape[1]}", X, 10)]


DIGITS = contested("digits", TITLE, "images of 8 x 8 pixels, one a row, float64", make, lambda: None)
