"""What is seen of a pixel: its features along a few directions, and its smoothed grey level."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

# Pixels that descriptions are learned from, and directions of the features that they see.
DRAWN, N_DIRECTIONS = 12_000, 6
BLUR = 1.0


def calm(image: NDArray[np.float32], blur: float = BLUR) -> NDArray[np.float32]:
    """Return a grey image without the noise of single pixels: blurred, by default with sigma 1; shape (h, w)."""
    blurred = np.empty(image.shape, dtype=np.float32)
    cv2.GaussianBlur(np.ascontiguousarray(image, dtype=np.float32), (0, 0), blur, dst=blurred)
    return blurred


def sample_pixels(scores: NDArray[np.floating], n_drawn: int) -> NDArray[np.float32]:
    """Return the scores of `n_drawn` pixels, or of all where there are fewer, always the same; shape (k, n)."""
    n_pixels = scores.shape[1]
    rng = np.random.default_rng(0)
    drawn = rng.permutation(n_pixels) if n_pixels <= n_drawn else rng.integers(n_pixels, size=n_drawn)
    return scores[:, drawn].astype(np.float32)


def principal(X: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the directions in which the rows of X differ most, shape (up to 6, n_features)."""
    centred = X.astype(np.float64)
    centred -= centred.mean(axis=0)
    directions = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :N_DIRECTIONS]
    return np.ascontiguousarray(directions.T, dtype=np.float32)


def see(directions: NDArray[np.float32], X: NDArray[np.float32], calm: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the views of each pixel: its features along the directions, and its smoothed grey level; shape (d, n)."""
    views = np.empty((len(directions) + 1, len(X)), dtype=np.float32)
    np.matmul(directions, X.T, out=views[:-1])
    views[-1] = calm
    return views


# Sums over threads would end in other bits with each number of them.
@threadpool_limits.wrap(limits=1, user_api="blas")
def principal_views(features: NDArray[np.float32], valid: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """Reduce features to the six directions in which the pixels of an image differ most.

    Parameters
    ----------
    features : ndarray of float32, shape (n_features, h, w)
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all.

    Returns
    -------
    ndarray of float32, shape (min(6, n_features), h, w)
        Principal components of the features, that of the largest variance first, up to a constant each.

    Examples
    --------
    >>> ramp = np.tile(np.linspace(0, 1, 8, dtype=np.float32), (8, 1))
    >>> principal_views(np.stack([ramp, 1 - ramp, ramp / 2])).shape
    (3, 8, 8)
    """
    flat = features.reshape(features.shape[0], -1)
    sampled = sample_pixels(flat if valid is None else flat[:, valid.ravel()], DRAWN)
    return (principal(sampled.T) @ flat).reshape(-1, *features.shape[1:])
