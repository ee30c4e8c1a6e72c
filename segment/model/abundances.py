"""From the factor W to shares that sum to one, and from shares to labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def scale(W: NDArray[np.float32], norms: NDArray[np.float32]) -> NDArray[np.float32]:
    """Multiply the columns of W by the lengths of H's rows.

    Parameters
    ----------
    W : ndarray of float32, shape (n_pixels, k)
    norms : ndarray of float32, shape (k,)

    Returns
    -------
    ndarray of float32, shape (k, n_pixels), C-contiguous
    """
    scaled = np.empty((W.shape[1], W.shape[0]), dtype=np.float32)
    np.multiply(W.T, norms[:, None], out=scaled)
    return scaled


def normalise(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide `shares` by their sum over the first axis, in place; where the sum is zero they become uniform.

    Parameters
    ----------
    shares : ndarray of float32, shape (k, ...)
        Non-negative values.

    Returns
    -------
    ndarray of float32, shape (k, ...)
        `shares` itself.

    Examples
    --------
    >>> import numpy as np
    >>> normalise(np.array([[3, 0], [1, 0]], dtype=np.float32)).tolist()
    [[0.75, 0.5], [0.25, 0.5]]
    """
    total = np.add.reduce(shares, axis=0)
    is_empty = total <= 0
    if is_empty.any():
        shares[:, is_empty] = 1
        total[is_empty] = shares.shape[0]
    np.divide(shares, total, out=shares)
    return shares


def largest(shares: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the index of the largest membership of every pixel; the lowest index wins a tie.

    Parameters
    ----------
    shares : ndarray of float32, shape (k, ...), k <= 255

    Returns
    -------
    ndarray of uint8, shape (...)
    """
    labels = np.zeros(shares.shape[1:], dtype=np.uint8)
    best = shares[0].copy()
    # argmax over the first axis would make an int64 of every pixel and walk memory crosswise.
    for phase in range(1, shares.shape[0]):
        np.copyto(labels, np.uint8(phase), where=shares[phase] > best)
        np.maximum(best, shares[phase], out=best)
    return labels
