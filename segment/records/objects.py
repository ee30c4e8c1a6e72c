"""The objects of one image: where they are, and a row of measures for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segment.records.table import Table


@dataclass(frozen=True)
class Objects:
    """What `segment.objects.measure_objects` returns for one label image.

    Attributes
    ----------
    labels : ndarray of int32, shape (h, w)
        Object ids; 0 is background.
    table : Table
        One row an object, in order of id; `segment.objects.measure_objects` says what the columns are.
    pixel_size_um : float or None
        Edge of a pixel in micrometres; None where it is not known, and the table has no column in micrometres.
    """

    labels: NDArray[np.int32]
    table: Table
    pixel_size_um: float | None = None

    def __len__(self) -> int:
        return len(self.table)


@dataclass(frozen=True)
class Outline:
    """The outer boundary of one object.

    Attributes
    ----------
    label : int
        Id of the object.
    points : ndarray of float64, shape (n, 2)
        Corners (x, y) in pixels from the image's upper left corner, the first repeated at the end; the centre of the
        first pixel is (0.5, 0.5). In these numbers the shoelace area is positive.
    """

    label: int
    points: NDArray[np.float64]
