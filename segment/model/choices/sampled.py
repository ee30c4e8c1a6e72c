"""The images that a choice looks at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segment.features.valid import valid_at
from segment.mixture.select import judged
from segment.model.training import grid_of, is_large
from segment.preprocess import resize
from segment.records import GreyImage, valid_of


def sample_images(greys: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Return at most four of some images, evenly spread over them; large ones at a smaller size, without colours.

    Parameters
    ----------
    greys : sequence of ndarray of float32, shape (h, w)

    Returns
    -------
    list of ndarray of float32
    """
    return [_reduced(greys[i]) for i in judged([grey.size for grey in greys])]


def _reduced(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    if not is_large(grey):
        return grey
    step = grid_of(grey)
    small = resize(np.asarray(grey), (grey.shape[0] // step, grey.shape[1] // step))
    return GreyImage(small, valid=valid_at(valid_of(grey), small.shape))
