"""Turn an image into non-negative features of every pixel. A new set is one file and one line in `FEATURES`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segment.features.colour import COLOUR
from segment.features.edges import EDGES
from segment.features.feature_set import FeatureSet
from segment.features.grey import GREY
from segment.features.levels import LEVELS
from segment.features.pixel import PIXEL
from segment.features.rows import FeatureRows
from segment.features.spectrum import SPECTRUM
from segment.features.texture import HISTOGRAM, ROUGHNESS, TEXTURE
from segment.records import FeatureStack, GreyImage, chroma_of, valid_of

__all__ = ["FEATURES", "FeatureRows", "FeatureSet", "extract", "open_rows"]

FEATURES: dict[str, FeatureSet] = {
    "colour": COLOUR,
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
        Grey levels in [0, 1]; any size from 1 x 1. A `segment.records.GreyImage` may carry colours, which the set
        "colour" sees, and which pixels take part: what is measured over the image is measured over these.
    name : str, default "pixel"
        A key of `FEATURES`.
    scale : float, default 1.0
        Multiplies every width of a neighbourhood, of windows and of blurs.
    flatten : int or "auto", default "auto"
        Number of grey-level classes by which the background is estimated, see `segment.features.flatten`;
        0 leaves the shading, "auto" is the set's own: 2 for "texture", 0 for the others.

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
    image, feature_set, levels = _checked(image, name, scale, flatten)
    data = np.empty((len(feature_set.names), *image.shape), dtype=np.float32)
    neighbourhood = feature_set.compute(image, data, float(scale), levels)
    return FeatureStack(data, feature_set.names, neighbourhood)


def open_rows(
    image: NDArray[np.float32], name: str = "pixel", *, scale: float = 1.0, flatten: int | str = "auto"
) -> FeatureRows:
    """Return the features of an image, some rows at a time, for one that is too large for all of them.

    Parameters
    ----------
    image, name, scale, flatten
        As for `extract`.

    Returns
    -------
    FeatureRows
        The same features but for rounding. A set without `FeatureSet.open_rows` is computed at once all the same.

    Raises
    ------
    ValueError
        As `extract`.

    Examples
    --------
    >>> image = np.random.default_rng(0).random((60, 50), np.float32)
    >>> rows = open_rows(image, "texture")
    >>> pixels, stack = next(rows.blocks())
    >>> bool(np.abs(stack.data - extract(image, "texture").data).max() < 1e-6)
    True
    """
    image, feature_set, levels = _checked(image, name, scale, flatten)
    if feature_set.open_rows is not None:
        return feature_set.open_rows(image, float(scale), levels)
    data = np.empty((len(feature_set.names), *image.shape), dtype=np.float32)
    neighbourhood = feature_set.compute(image, data, float(scale), levels)
    shape = (image.shape[0], image.shape[1])

    def fill(top: int, bottom: int, out: NDArray[np.float32]) -> None:
        np.copyto(out, data[:, top:bottom])

    return FeatureRows(feature_set.names, shape, neighbourhood, fill)


def _checked(
    image: NDArray[np.float32], name: str, scale: float, flatten: int | str
) -> tuple[NDArray[np.float32], FeatureSet, int]:
    if name not in FEATURES:
        raise ValueError(f"features must be one of {', '.join(map(repr, sorted(FEATURES)))}, got {name!r}")
    if not isinstance(image, GreyImage):
        image = np.ascontiguousarray(image, dtype=np.float32)
    if image.ndim != 2 or not image.size:
        raise ValueError(f"image must be a non-empty array of shape (h, w), got shape {image.shape}")
    if not np.isfinite(image.min() + image.max()):
        raise ValueError("image must be finite, got NaN or infinity")
    if any(of is not None and of.shape[-2:] != image.shape for of in (chroma_of(image), valid_of(image))):
        raise ValueError(f"image must have the shape of its colours and valid pixels, got {image.shape}")
    if not (np.isfinite(scale) and scale > 0):
        raise ValueError(f"scale must be a positive number, got {scale!r}")
    feature_set = FEATURES[name]
    levels = feature_set.flatten if isinstance(flatten, str) and flatten == "auto" else flatten
    if not isinstance(levels, int) or levels < 0:
        raise ValueError(f"flatten must be 'auto' or a whole number of at least 0, got {flatten!r}")
    return image, feature_set, levels
