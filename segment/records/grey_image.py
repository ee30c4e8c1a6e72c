"""Grey levels that know which of their pixels take part, and what colour these have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class GreyImage(np.ndarray):
    """An array of grey levels, float32 (h, w), with the colour and the validity of its pixels beside it.

    It is an array in everything. What is computed from it carries neither: only what is made by the constructor does.

    Parameters
    ----------
    grey : ndarray of float32, shape (h, w)
    chroma : ndarray of float32, shape (2, h, w), optional
        CIELAB a* and b*, divided by 100, so that they are on the scale of the grey levels; None: without colour.
    valid : ndarray of bool, shape (h, w), optional
        Which pixels take part; None: all.

    Examples
    --------
    >>> image = GreyImage(np.zeros((2, 3), np.float32), valid=np.ones((2, 3), bool))
    >>> image.shape, valid_of(image).all(), valid_of(image + 1), chroma_of(image)
    ((2, 3), np.True_, None, None)
    """

    chroma: NDArray[np.float32] | None
    valid: NDArray[np.bool_] | None

    def __new__(
        cls,
        grey: NDArray[np.float32],
        chroma: NDArray[np.float32] | None = None,
        valid: NDArray[np.bool_] | None = None,
    ) -> GreyImage:
        """Return a view of `grey` with what else is known of its pixels."""
        image = np.ascontiguousarray(grey, dtype=np.float32).view(cls)
        image.chroma = chroma
        image.valid = valid
        return image

    def __array_finalize__(self, source: Any) -> None:
        """Start without either: a part, or a sum, has other pixels."""
        del source
        self.chroma = None
        self.valid = None


def chroma_of(image: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return a* and b* of the pixels of an image; None where it has no colour.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)

    Returns
    -------
    ndarray of float32, shape (2, h, w), or None
    """
    return image.chroma if isinstance(image, GreyImage) else None


def valid_of(image: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Return which pixels of an image take part; None where all do.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)

    Returns
    -------
    ndarray of bool, shape (h, w), or None
    """
    return image.valid if isinstance(image, GreyImage) else None
