"""Contrast-limited adaptive histogram equalisation."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

CLIP_LIMIT = 2.0
TILES = (8, 8)


def equalise(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Equalise the contrast of an image tile by tile, with a limit to how far noise is lifted.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)
        Grey levels in [0, 1].

    Returns
    -------
    ndarray of float32, shape (h, w)
        Grey levels in [0, 1]. Computed on 16-bit levels, so that 16-bit images keep their precision.

    Notes
    -----
    Clip limit 2.0 and 8 x 8 tiles, as OpenCV defines them.

    References
    ----------
    K. Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV (1994) 474-485,
    doi 10.1016/B978-0-12-336156-1.50061-6.

    Examples
    --------
    >>> ramp = np.tile(np.linspace(0.4, 0.6, 64, dtype=np.float32), (64, 1))
    >>> bool(np.ptp(equalise(ramp)) > np.ptp(ramp))
    True
    """
    levels = np.rint(image * np.float32(65535)).astype(np.uint16)
    equalised = cv2.createCLAHE(clipLimit=CLIP_LIMIT, tileGridSize=TILES).apply(levels)
    return equalised.astype(np.float32) / np.float32(65535)
