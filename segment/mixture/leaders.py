"""Which of several scores of a pixel is the highest, and by how much."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def leaders(scores: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the index of the highest score of every pixel, the lowest index in a tie; (k, ...) becomes (...)."""
    labels = np.zeros(scores.shape[1:], dtype=np.uint8)
    best = scores[0].copy()
    # An argmax over the first axis would walk memory crosswise.
    for phase in range(1, scores.shape[0]):
        np.copyto(labels, np.uint8(phase), where=scores[phase] > best)
        np.maximum(best, scores[phase], out=best)
    return labels


def margins(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the difference of the two highest scores of every pixel; shape (k, ...) becomes (...); 0 for k = 1."""
    if scores.shape[0] == 1:
        return np.zeros(scores.shape[1:], dtype=np.float32)
    best, second = np.maximum(scores[0], scores[1]), np.minimum(scores[0], scores[1])
    for plane in scores[2:]:
        np.maximum(second, np.minimum(best, plane), out=second)
        np.maximum(best, plane, out=best)
    return best - second
