"""Dense counts with Poisson noise, the model under which Kullback-Leibler is the log-likelihood."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.cases.contested import contested
from benchmarks.contest import Problem
from benchmarks.matrices import counts
from benchmarks.peers.peer import KULLBACK_LEIBLER
from benchmarks.records import Effort

TITLE = "Dense Poisson counts, 2000 x 1000, k = 20, Kullback-Leibler"


def make(effort: Effort) -> Sequence[Problem]:
    """Return counts about a product of twenty factors."""
    X = counts(*((2000, 1000) if effort.is_full else (100, 80)), 20)
    return [Problem(f"counts {X.shape[0]:,} x {X.shape[1]:,}", X, 20, KULLBACK_LEIBLER)]


POISSON = contested("poisson", TITLE, "synthetic, 2 an entry on average, float32", make, lambda: None)
