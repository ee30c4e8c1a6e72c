"""Sparse counts of words in documents."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.cases.contested import contested
from benchmarks.contest import Problem
from benchmarks.matrices import words
from benchmarks.peers import PEERS, REFERENCES
from benchmarks.peers.peer import FROBENIUS, KULLBACK_LEIBLER
from benchmarks.records import Effort

TITLE = "Sparse counts of words, 100,000 x 20,000, k = 20, Frobenius and Kullback-Leibler"
# Enough for scikit-learn to come close to where it would end; a second and more an iteration.
REFERENCE_SECONDS, PEER_SECONDS = 40.0, 6.0


def make(effort: Effort) -> Sequence[Problem]:
    """Return the same counts once for each loss."""
    X = words(*((100_000, 20_000) if effort.is_full else (500, 400)), 20)
    name = f"words {X.shape[0]:,} x {X.shape[1]:,}, {100 * X.nnz / X.shape[0] / X.shape[1]:.2g} % stored"
    patience = {name: REFERENCE_SECONDS if name in REFERENCES else PEER_SECONDS for name in PEERS}
    patience = patience if effort.is_full else {}
    return [Problem(name, X, 20, loss, patience=patience) for loss in (FROBENIUS, KULLBACK_LEIBLER)]


WORDS = contested("words", TITLE, "synthetic, by Zipf's law, CSR, float32", make, lambda: None)
