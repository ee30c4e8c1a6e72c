from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from nmfcore import find_consensus, non_negative_factorization
from nmfcore.matching import match


@pytest.fixture
def planted():
    rng = np.random.default_rng(0)
    W, H = rng.random((80, 3)) ** 4, rng.random((3, 20)) ** 4
    return W @ H, H


@pytest.mark.parametrize("layout", [np.array, sp.csr_array], ids=["dense", "sparse"])
def test_planted_components_are_found_and_stable(planted, layout):
    X, H = planted
    consensus = find_consensus(layout(X), 3, n_restarts=6, random_state=0, tol=1e-6, max_iter=2000)
    assert match(H, consensus.components)[1].min() > 0.99
    assert consensus.stability.min() > 0.98
    np.testing.assert_allclose(np.linalg.norm(consensus.components, axis=1), 1.0)
    assert consensus.objective.shape == (6,)
    W = non_negative_factorization(layout(X), H=consensus.components, n_components=3, update_H=False)[0]
    np.testing.assert_array_equal(consensus.W, W)


def test_a_component_too_many_is_unstable(planted):
    X, _ = planted
    X = X + 0.05 * np.random.default_rng(1).random(X.shape)
    consensus = find_consensus(X, 5, n_restarts=6, random_state=0)
    assert np.all(np.diff(consensus.stability) <= 0)
    assert consensus.stability[-1] < 0.95 < consensus.stability[0]


def test_same_seed_same_bits(planted):
    X, _ = planted
    one, other = (find_consensus(X, 3, n_restarts=3, random_state=4) for _ in range(2))
    np.testing.assert_array_equal(one.W, other.W)
    np.testing.assert_array_equal(one.stability, other.stability)


@pytest.mark.parametrize(
    ("given", "message"), [({"n_restarts": 1}, "n_restarts"), ({"n_components": 0}, "n_components")]
)
def test_what_is_refused_is_named(planted, given, message):
    with pytest.raises(ValueError, match=message):
        find_consensus(planted[0], **{"n_components": 2, **given})
