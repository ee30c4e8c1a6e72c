"""Molecules as the program's forerunner found them: threshold, erosion, dilation, and four neighbours each."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import binary_dilation, binary_erosion, center_of_mass, label
from skimage.filters import threshold_otsu


def find_by_threshold(image: ArrayLike) -> NDArray[np.float64]:
    """Find bright blobs by Otsu's threshold, one erosion, one dilation and connected components.

    Parameters
    ----------
    image : array-like of float, shape (h, w)
        Grey levels.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Centres (y, x). For comparison only: touching columns are one, and faint ones are none.

    Raises
    ------
    ValueError
        `image` is not of two dimensions.
    """
    values = np.asarray(image, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"image must have two dimensions, got the shape {values.shape}")
    is_bright = values > threshold_otsu(values)
    groups, count = label(binary_dilation(binary_erosion(is_bright)))
    if not count:
        return np.empty((0, 2))
    return np.array(center_of_mass(np.ones_like(values), groups, range(1, count + 1)))
