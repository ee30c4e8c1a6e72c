"""What a feature set is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segment.features.rows import FeatureRows
from segment.records import Neighbourhood


@dataclass(frozen=True)
class FeatureSet:
    """Named features and the function that computes them.

    Attributes
    ----------
    names : tuple of str
        One name a feature.
    compute : callable
        ``compute(image, out, scale, flatten)`` fills `out`, float32 (n_features, h, w) and C-contiguous, with strictly
        positive values from `image`, float32 (h, w), finite, C-contiguous and not to be changed; its colours and which
        of its pixels take part are asked for by `segment.records.chroma_of` and `valid_of`. `scale` multiplies
        every width of a neighbourhood; `flatten` is the number of grey-level classes by which the
        background is estimated, 0: it stays. It returns the `Neighbourhood` that it chose, or None.
    flatten : int, default 0
        What `flatten` is where nobody says.
    open_rows : callable or None, default None
        ``open_rows(image, scale, flatten)`` returns the same features, but for rounding, to be computed some rows at a
        time. None: they are computed at once.
    """

    names: tuple[str, ...]
    compute: Callable[[NDArray[np.float32], NDArray[np.float32], float, int], Neighbourhood | None]
    flatten: int = 0
    open_rows: Callable[[NDArray[np.float32], float, int], FeatureRows] | None = None
