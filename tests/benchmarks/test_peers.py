from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from benchmarks.loss import divergence, trivial_loss
from benchmarks.peers import PEERS, Job, Peer
from benchmarks.peers.peer import ITAKURA_SAITO


def matrix():
    rng = np.random.default_rng(0)
    return (rng.random((40, 3)) @ rng.random((3, 12)) + 0.01).astype(np.float32)


def list_jobs():
    for name, peer in PEERS.items():
        for beta_loss in sorted(peer.losses):
            for is_sparse in (False, True):
                impossible = is_sparse and beta_loss == ITAKURA_SAITO
                if peer.reason_to_refuse(beta_loss, is_sparse) is None and not impossible:
                    kind = "csr" if is_sparse else "array"
                    yield pytest.param(name, beta_loss, is_sparse, id=f"{name}-{beta_loss}-{kind}")


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("name", "beta_loss", "is_sparse"), list(list_jobs()))
def test_peer_returns_factors_of_x_that_more_iterations_do_not_worsen(name, beta_loss, is_sparse):
    peer = PEERS[name]
    if reason := peer.reason_to_skip():
        pytest.skip(reason)
    X = sp.csr_matrix(matrix()) if is_sparse else matrix()
    few, many = (
        peer.fit(Job(X, 3, beta_loss, max_iter=limit, stops=False)) for limit in (peer.fewest, 20 * peer.fewest)
    )
    assert (few.W.shape, few.H.shape) == ((40, 3), (3, 12))
    assert min(few.W.min(), few.H.min()) >= 0
    losses = [divergence(X, fit.W, fit.H, beta_loss) for fit in (few, many)]
    assert losses[1] <= 1.01 * losses[0]
    assert losses[1] < trivial_loss(X, beta_loss)
    standing = peer.fit(Job(X, 3, beta_loss))
    assert 1 <= standing.iterations <= peer.max_iter


def test_a_missing_peer_is_skipped_with_its_reason():
    absent = Peer("some engine", "package_that_is_not_there", "some-engine", lambda job: pytest.fail("was called"), 1)
    assert absent.reason_to_skip() == "some engine: package 'package_that_is_not_there' is not installed"


def test_a_peer_that_cannot_run_here_says_why():
    broken = Peer(
        "some engine", "numpy", "numpy", lambda job: pytest.fail("was called"), 1, hindrance=lambda: "no, thanks"
    )
    assert broken.reason_to_skip() == "some engine: no, thanks"
