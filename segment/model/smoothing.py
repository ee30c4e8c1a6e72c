"""Spatial coherence: memberships that agree with those of neighbouring pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import nmfcore

MAX_ITER = 20


def smooth(shares: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    """Smooth the memberships of neighbouring pixels.

    The result minimises ``1/2 |S - V|^2 + 1/2 strength * sum_t v_t' L v_t`` over V >= 0, with S the given shares, L
    the Laplacian of the grid of pixels and v_t the map of phase t: the engine's ``smoothness_W`` with H the identity.

    Parameters
    ----------
    shares : ndarray of float32, shape (k, h, w)
        Non-negative; not changed.
    strength : float
        0: nothing; at 1 a pixel counts as much as each of its four neighbours.

    Returns
    -------
    ndarray of float32, shape (k, h, w)

    Examples
    --------
    >>> speck = np.zeros((1, 5, 5), dtype=np.float32)
    >>> speck[0, 2, 2] = 1
    >>> bool(0 < smooth(speck, 1.0)[0, 2, 2] < 0.4)
    True
    """
    if strength == 0 or not shares.any():
        return shares
    k, *shape = shares.shape
    rows = np.ascontiguousarray(shares.reshape(k, -1).T)
    identity = np.eye(k, dtype=np.float32)
    result = nmfcore.factorize(
        rows,
        k,
        W=rows,
        H=identity,
        init="custom",
        fixed_components=identity,
        smoothness_W=strength,
        grid_shape=(shape[0], shape[1]),
        max_iter=MAX_ITER,
        # Every iteration is one sweep; what is left after twenty lies far below the noise.
        tol=0,
    )
    return np.ascontiguousarray(result.W.T).reshape(shares.shape)
