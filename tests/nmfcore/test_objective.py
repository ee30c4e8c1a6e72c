from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmfcore import factorize, objective
from tests.nmfcore.contracts import reference_objective
from tests.nmfcore.data import make_start, matrices, penalties


@given(matrices(st.integers(1, 30), st.integers(1, 30)), st.integers(1, 6), penalties())
def test_is_the_documented_value(X, k, strengths):
    W, H = make_start("uniform", X, k)
    assert objective(X, W, H, **strengths) == pytest.approx(reference_objective(X, W, H, **strengths), rel=1e-12)


def test_many_blocks_of_rows():
    # Wide enough that the rows do not fit one block.
    rng = np.random.default_rng(0)
    X, W, H = rng.random((70, 30000)), rng.random((70, 2)), rng.random((2, 30000))
    assert objective(X, W, H) == pytest.approx(reference_objective(X, W, H), rel=1e-12)


def test_takes_lists():
    assert objective([[1, 2]], [[1]], [[1, 1]], alpha_W=1, alpha_H=0, l1_ratio=1) == 0.5 + 2


@pytest.mark.parametrize("shape", [(40, 12), (400, 5)])
def test_reconstruction_error_is_without_penalties(shape):
    X = np.random.default_rng(0).random(shape)
    result = factorize(X, 3, alpha_W=0.01, random_state=0)
    assert result.reconstruction_err == pytest.approx(np.linalg.norm(X - result.W @ result.H), rel=1e-12)
