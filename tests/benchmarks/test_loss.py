from __future__ import annotations

import numpy as np
import pytest

from benchmarks import loss


@pytest.mark.parametrize("order", ["C", "F"])
def test_loss_in_blocks_is_the_loss(order, monkeypatch):
    monkeypatch.setattr(loss, "ROWS", 7)
    rng = np.random.default_rng(0)
    W, H = rng.random((23, 2)).astype(np.float32), rng.random((2, 5)).astype(np.float32)
    X = np.array(rng.random((23, 5)), dtype=np.float32, order=order)
    direct = 0.5 * np.linalg.norm(X.astype(float) - W.astype(float) @ H.astype(float)) ** 2
    assert loss.squared_loss(X, W, H) == pytest.approx(direct, rel=1e-12)
    assert loss.half_squared_norm(X) == pytest.approx(loss.squared_loss(X, 0 * W, H), rel=1e-12)
