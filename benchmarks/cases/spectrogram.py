"""A spectrogram of notes with harmonics, in the two losses that audio is factorised with."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.cases.contested import contested
from benchmarks.contest import Problem
from benchmarks.matrices import spectrogram
from benchmarks.peers.peer import ITAKURA_SAITO, KULLBACK_LEIBLER
from benchmarks.records import Effort

TITLE = "A power spectrogram of 24 notes, k = 24, Kullback-Leibler and Itakura-Saito"
NOTES = 24
REFERENCE_SECONDS = 15.0


def make(effort: Effort) -> Sequence[Problem]:
    """Return the same spectrogram once for each loss."""
    X = spectrogram(*((3000, 513) if effort.is_full else (200, 129)), NOTES)
    name = f"spectrogram {X.shape[0]:,} x {X.shape[1]}"
    # With Kullback-Leibler, scikit-learn would be cut short otherwise.
    patience = {"scikit-learn-mu": REFERENCE_SECONDS} if effort.is_full else {}
    return [Problem(name, X, NOTES, loss, patience=patience) for loss in (KULLBACK_LEIBLER, ITAKURA_SAITO)]


SPECTROGRAM = contested("spectrogram", TITLE, "frames x frequencies, synthetic, float32", make, lambda: None)
