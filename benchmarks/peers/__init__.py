"""The packages that cases compare. A new peer is one file and one line in `PEERS`."""

from __future__ import annotations

from benchmarks.peers.gensim import GENSIM
from benchmarks.peers.nimfa import NIMFA
from benchmarks.peers.nmf_torch import NMF_TORCH
from benchmarks.peers.nmfcore import NMFCORE
from benchmarks.peers.nn_fac import NN_FAC
from benchmarks.peers.peer import Fit, Job, Peer, Setting
from benchmarks.peers.pyplanc import PYPLANC
from benchmarks.peers.scikit_learn import SCIKIT_LEARN_CD, SCIKIT_LEARN_MU
from benchmarks.peers.scikit_learn_minibatch import SCIKIT_LEARN_MINIBATCH
from benchmarks.peers.spams import SPAMS
from benchmarks.peers.tensorly import TENSORLY
from benchmarks.peers.torchnmf import TORCHNMF

__all__ = ["PEERS", "REFERENCES", "SUBJECT", "Fit", "Job", "Peer", "Setting"]

PEERS: dict[str, Peer] = {
    "nmfcore": NMFCORE,
    "scikit-learn-cd": SCIKIT_LEARN_CD,
    "scikit-learn-mu": SCIKIT_LEARN_MU,
    "scikit-learn-minibatch": SCIKIT_LEARN_MINIBATCH,
    "torchnmf": TORCHNMF,
    "nmf-torch": NMF_TORCH,
    "pyplanc": PYPLANC,
    "tensorly": TENSORLY,
    "nn-fac": NN_FAC,
    "spams": SPAMS,
    "gensim": GENSIM,
    "nimfa": NIMFA,
}
SUBJECT = "nmfcore"
REFERENCES = ("scikit-learn-cd", "scikit-learn-mu")
