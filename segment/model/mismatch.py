"""In what an image differs from those that a model was trained on, so that its map may mean something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segment.records import Micrograph

# Pixel sizes that differ by less are one magnification, read twice.
SAME_SIZE = 1.05


def find_mismatches(micrograph: Micrograph, training: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Say in what an image differs from all the training images, and what was done about it.

    Parameters
    ----------
    micrograph : Micrograph
    training : sequence of dict
        ``FittedModel.training``; what an older model does not say is not compared.

    Returns
    -------
    tuple of str
        One sentence each for another integer type of the pixels, another pixel size, and colours that are missing.
        Empty where all is alike.

    Examples
    --------
    >>> import numpy as np
    >>> from segment.io import from_array
    >>> image = from_array(np.zeros((4, 4), np.uint16))
    >>> find_mismatches(image, [{"dtype": "uint8"}])[0][:59]
    'pixels of type uint16, where the model was trained on uint8'
    """
    return tuple(
        note
        for note in (_depth(micrograph, training), _size(micrograph, training), _colour(micrograph, training))
        if note
    )


def _depth(micrograph: Micrograph, training: Sequence[dict[str, Any]]) -> str:
    found = micrograph.dtype
    known = sorted({str(item["dtype"]) for item in training if item.get("dtype")})
    if not found.startswith("uint") or found in known or not any(dtype.startswith("uint") for dtype in known):
        return ""
    return (
        f"pixels of type {found}, where the model was trained on {', '.join(known)}: "
        "each was divided by the largest value of its type"
    )


def _colour(micrograph: Micrograph, training: Sequence[dict[str, Any]]) -> str:
    if micrograph.colour is not None or not training or not all(item.get("is_coloured") for item in training):
        return ""
    return "a grey image, where the model was trained on colours: it sees the grey levels alone"


def _size(micrograph: Micrograph, training: Sequence[dict[str, Any]]) -> str:
    found = micrograph.calibration.pixel_size_um
    known = sorted({float(item["pixel_size_um"]) for item in training if item.get("pixel_size_um")})
    if found is None or not known or any(max(found / size, size / found) <= SAME_SIZE for size in known):
        return ""
    span = f"{known[0]:.4g}" if len(known) == 1 else f"{known[0]:.4g} to {known[-1]:.4g}"
    return (
        f"pixels of {found:.4g} um, where the model was trained on {span} um: the image was mapped as it is, and a "
        "smallest region counted in pixels is another area"
    )
