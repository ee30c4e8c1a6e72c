"""Features of some rows of an image at a time, for images whose features do not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.records import FeatureStack, Neighbourhood

# Pixels of the rows that are taken at a time.
BLOCK = 1 << 20


@dataclass(frozen=True)
class FeatureRows:
    """The features of an image, rows of which are computed when they are asked for.

    What is measured over the whole image was measured before: the features of a row do not depend on which rows are
    asked for with it.

    Attributes
    ----------
    names : tuple of str
    shape : (int, int)
        Height and width of the image.
    neighbourhood : Neighbourhood or None
        What the set chose for the image.
    fill : callable
        ``fill(top, bottom, out)`` fills `out`, float32 (n_features, bottom - top, w).
    """

    names: tuple[str, ...]
    shape: tuple[int, int]
    neighbourhood: Neighbourhood | None
    fill: Callable[[int, int, NDArray[np.float32]], None]

    def blocks(self) -> Iterator[tuple[slice, FeatureStack]]:
        """Yield the features of one block of rows after the other, and which pixels of the image these are.

        Yields
        ------
        pixels : slice
            Of the image, row by row.
        stack : FeatureStack
            Of these rows; the next block overwrites it.
        """
        height, width = self.shape
        rows = max(1, min(height, BLOCK // width))
        data = np.empty((len(self.names), rows, width), dtype=np.float32)
        for top in range(0, height, rows):
            bottom = min(height, top + rows)
            part = data[:, : bottom - top] if bottom - top == rows else np.empty_like(data[:, : bottom - top])
            self.fill(top, bottom, part)
            yield slice(top * width, bottom * width), FeatureStack(part, self.names, self.neighbourhood)


def enlarge_rows(small: NDArray[np.float32], shape: tuple[int, int], top: int, bottom: int) -> NDArray[np.float32]:
    """Return rows of planes that are enlarged bilinearly, as `cv2.resize` enlarges them whole.

    Parameters
    ----------
    small : ndarray of float32, shape (n, h, w)
    shape : (int, int)
        Height and width of the enlarged planes.
    top, bottom : int
        First row, and the first that is not wanted.

    Returns
    -------
    ndarray of float32, shape (n, bottom - top, W)

    Examples
    --------
    >>> small = np.random.default_rng(0).random((1, 5, 7), np.float32)
    >>> whole = cv2.resize(small[0], (40, 30), interpolation=cv2.INTER_LINEAR)
    >>> bool(np.abs(enlarge_rows(small, (30, 40), 10, 20)[0] - whole[10:20]).max() < 1e-6)
    True
    """
    height, width = shape
    at = np.clip((np.arange(top, bottom) + 0.5) * (small.shape[1] / height) - 0.5, 0, small.shape[1] - 1)
    above = np.minimum(at.astype(np.intp), small.shape[1] - 1)
    below = np.minimum(above + 1, small.shape[1] - 1)
    weight = (at - above).astype(np.float32)[None, :, None]
    between = small[:, above] * (1 - weight) + small[:, below] * weight
    size = (width, bottom - top)
    every = [cv2.resize(np.ascontiguousarray(plane), size, interpolation=cv2.INTER_LINEAR) for plane in between]
    return np.stack([np.asarray(plane, np.float32) for plane in every])
