"""Draw the components of a factorization to the pixels that they lead."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Rows that the components are estimated from: evenly spaced, so the same for any number of threads.
MOST_ROWS = 100_000


def sharpen(X: NDArray[np.float32], W: NDArray[np.float32], H: NDArray[np.float32], rounds: int) -> NDArray[np.float32]:
    """Continue a factorization under the constraint that every pixel belongs to one component.

    A plain factorization puts its components at the extremes of the data, and the boundary between two phases half-way
    between extremes rather than between phases. Here each component becomes the mean of the pixels it leads, and
    each pixel goes to the component that it has the largest projection on, in turn: orthogonal NMF.

    Parameters
    ----------
    X : ndarray of float32, shape (n_pixels, n_features)
    W : ndarray of float32, shape (n_pixels, k)
        Weights to start from, multiplied by the lengths of H's rows.
    H : ndarray of float32, shape (k, n_features)
        Components to start from.
    rounds : int
        Most rounds; fewer where the assignment settles.

    Returns
    -------
    ndarray of float32, shape (k, n_features)
        A component that leads no pixel stays as it was.

    References
    ----------
    F. Pompili et al., "Two algorithms for orthogonal nonnegative matrix factorization with application to
    clustering", doi 10.1016/j.neucom.2014.02.018, section 3.

    Examples
    --------
    >>> X = np.array([[1, 0], [0.8, 0.2], [0, 1], [0.2, 0.8]], np.float32)
    >>> sharpen(X, X, np.eye(2, dtype=np.float32), rounds=3).astype(float).round(2).tolist()
    [[0.9, 0.1], [0.1, 0.9]]
    """
    step = -(-len(X) // MOST_ROWS)
    sample, owners = np.ascontiguousarray(X[::step]), W[::step].argmax(axis=1)
    for _ in range(rounds):
        H = np.stack(
            [sample[owners == k].mean(axis=0, dtype=np.float64) if (owners == k).any() else H[k] for k in range(len(H))]
        ).astype(np.float32)
        lengths = np.linalg.norm(H, axis=1)
        directions = np.divide(H, lengths[:, None], out=np.zeros_like(H), where=lengths[:, None] > 0)
        moved = (sample @ directions.T).argmax(axis=1)
        if np.array_equal(moved, owners):
            break
        owners = moved
    return H
