"""A micrograph together with what an expert said about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segment.records import Micrograph

UNANNOTATED = 255


@dataclass(frozen=True)
class LabelledMicrograph:
    """A micrograph and its annotation.

    Attributes
    ----------
    micrograph : Micrograph
        The image, its file and its calibration.
    mask : ndarray of uint8, shape (h, w), or None
        Class ids, 255 where nothing was annotated; None where the set has no mask for this image.
    classes : tuple of str
        Name of each id.
    """

    micrograph: Micrograph
    mask: NDArray[np.uint8] | None
    classes: tuple[str, ...]


def label(micrograph: Micrograph, mask: NDArray[np.uint8] | None, classes: tuple[str, ...]) -> LabelledMicrograph:
    """Join an image and its mask.

    Parameters
    ----------
    micrograph : Micrograph
        The image.
    mask : ndarray of uint8, shape (h, w) or (h, w, c), or None
        Class ids; with several channels, all must be equal, alpha apart.
    classes : tuple of str
        Name of each id.

    Returns
    -------
    LabelledMicrograph

    Raises
    ------
    ValueError
        The mask has another size than the image, is in colours, or holds ids that are neither classes nor 255. Names
        the micrograph.
    """
    if mask is None:
        return LabelledMicrograph(micrograph, None, classes)
    if mask.ndim == 3:
        colours = mask if mask.shape[2] == 3 else mask[..., : mask.shape[2] - 1]
        if np.any(colours != colours[..., :1]):
            raise ValueError(f"mask of {micrograph.name!r}: it is in colours, not class ids")
        mask = mask[..., 0]
    if mask.shape != micrograph.image.shape:
        raise ValueError(f"mask of {micrograph.name!r}: shape {mask.shape} for an image of {micrograph.image.shape}")
    unknown = sorted(set(np.unique(mask).tolist()) - {*range(len(classes)), UNANNOTATED})
    if unknown or mask.dtype != np.uint8:
        raise ValueError(
            f"mask of {micrograph.name!r}: ids must be uint8, below {len(classes)} or {UNANNOTATED}, "
            f"got {mask.dtype} with {unknown[:5]}"
        )
    return LabelledMicrograph(micrograph, np.ascontiguousarray(mask), classes)
