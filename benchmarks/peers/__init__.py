"""The packages that cases compare. A new peer is one file and one line in `PEERS`."""

from __future__ import annotations

from benchmarks.peers.nmfcore import NMFCORE
from benchmarks.peers.peer import Fit, Peer, Setting
from benchmarks.peers.scikit_learn import SCIKIT_LEARN

__all__ = ["PEERS", "REFERENCE", "SUBJECT", "Fit", "Peer", "Setting"]

PEERS: dict[str, Peer] = {
    "nmfcore": NMFCORE,
    "scikit-learn": SCIKIT_LEARN,
}
SUBJECT = "nmfcore"
REFERENCE = "scikit-learn"
