"""Turn an image into non-negative features of every pixel. A new set is one file and one line in `FEATURES`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segment.features.edges import EDGES
from segment.features.feature_set import FeatureSet
from segment.features.grey import GREY
from segment.features.levels import LEVELS
from segment.features.pixel import PIXEL
from segment.features.spectrum import SPECTRUM
from segment.features.texture import HISTOGRAM, ROUGHNESS, TEXTURE
from segment.records import FeatureStack

__all__ = ["FEATURES", "FeatureSet", "extract"]

FEATURES: dict[str, FeatureSet] = {
    "edges": EDGES,
    "grey": GREY,
    "histogram": HISTOGRAM,
    "levels": LEVELS,
    "pixel": PIXEL,
    "roughness": ROUGHNESS,
    "spectrum": SPECTRUM,
    "texture": TEXTURE,
}


def extract(
    image: NDArray[np.float32], name: str = "pixel", *, scale: float = 1.0, flatten: int | str = "auto"
) -> FeatureStack:
    """Compute one of the registered feature sets of an image.

    Parameters
    ----------
    image : ndarray of float, shape (h, w)
        Grey levels in [0, 1]; any size from 1 x 1.
    name : str, default "pixel"
        A key of `FEATURES`.
    scale : float, default 1.0
        Multiplies every width of a neighbourhood, of windows and of blurs.
    flatten : int or "auto", default "auto"
        Number of grey levels that shading is told from before it is subtracted, see `segment.features.flatten`; 0
        leaves the shading, "auto" is the set's own: 2 for "texture", 0 for the others.

    Returns
    -------
    FeatureStack
        Strictly positive float32, shape (n_features, h, w), C-contiguous.

    Raises
    ------
    ValueError
        `name` is not registered, the message lists those that are; `image` is not 2-D, is empty or holds NaN or
        infinity; `scale` is not positive or `flatten` is negative.

    Examples
    --------
    >>> stack = extract(np.eye(8, dtype=np.float32))
    >>> stack.names
    ('grey', 'gradient', 'laplacian', 'variance', 'gaussian_3', 'gaussian_7')
    >>> stack.X.shape
    (64, 6)
    """
    if name not in FEATURES:
        raise ValueError(f"features must be one of {', '.join(map(repr, sorted(FEATURES)))}, got {name!r}")
    image = np.ascontiguousarray(image, dtype=np.float32)
    if image.ndim != 2 or not image.size:
        raise ValueError(f"image must be a non-empty array of shape (h, w), got shape {image.shape}")
    if not np.isfinite(image.min() + image.max()):
        raise ValueError("image must be finite, got NaN or infinity")
    if not (np.isfinite(scale) and scale > 0):
        raise ValueError(f"scale must be a positive number, got {scale!r}")
    feature_set = FEATURES[name]
    levels = feature_set.flatten if isinstance(flatten, str) and flatten == "auto" else flatten
    if not isinstance(levels, int) or levels < 0:
        raise ValueError(f"flatten must be 'auto' or a whole number of at least 0, got {flatten!r}")
    data = np.empty((len(feature_set.names), *image.shape), dtype=np.float32)
    neighbourhood = feature_set.compute(image, data, float(scale), levels)
    return FeatureStack(data, feature_set.names, neighbourhood)
