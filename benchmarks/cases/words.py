"""Sparse counts of words in documents."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.cases.contested import contested
from benchmarks.contest import Problem
from benchmarks.matrices import words
from benchmarks.peers import PEERS
from benchmarks.peers.peer import FROBENIUS, KULLBACK_LEIBLER
from benchmarks.records import Effort

TITLE = "Sparse counts of words, 100,000 x 20,000, k = 20, Frobenius and Kullback-Leibler"
SECONDS = 12.0


def make(effort: Effort) -> Sequence[Problem]:
    """Return the same counts once for each loss."""
    X = words(*((100_000, 20_000) if effort.is_full else (500, 400)), 20)
    name = f"words {X.shape[0]:,} x {X.shape[1]:,}, {100 * X.nnz / X.shape[0] / X.shape[1]:.2g} % stored"
    patience = dict.fromkeys(PEERS, SECONDS) if effort.is_full else {}
    return [Problem(name, X, 20, loss, patience=patience) for loss in (FROBENIUS, KULLBACK_LEIBLER)]


WORDS = contested("words", TITLE, "synthetic, by Zipf's law, CSR, float32", make, lambda: None)
