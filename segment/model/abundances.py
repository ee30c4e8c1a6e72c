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
