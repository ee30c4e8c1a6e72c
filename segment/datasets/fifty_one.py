"""Find the mask of a micrograph in a data set that was exported by FiftyOne."""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import imagecodecs
import numpy as np

from segment.io import DAMAGED_ARRAY

MASK_FOLDER = "fields"


def find_mask(
    image: PurePosixPath, masks: Iterable[PurePosixPath], sample: dict[str, Any] | None
) -> PurePosixPath | tuple[bytes, Path] | None:
    """Find the mask that belongs to an image.

    Parameters
    ----------
    image : PurePosixPath
        The image.
    masks : iterable of PurePosixPath
        All mask files.
    sample : dict or None
        The image's record in ``samples.json``.

    Returns
    -------
    PurePosixPath, (bytes, Path) or None
        One of `masks`: the one on record, else the one of the same stem. Or a mask that the record itself holds, as a
        PNG and a name for it. Or None.

    Raises
    ------
    ValueError
        The record holds a mask that cannot be decoded; names the image.
    """
    masks = list(masks)
    fields = (sample or {}).values()
    segmentation = next((f for f in fields if isinstance(f, dict) and f.get("_cls") == "Segmentation"), {})
    if segmentation.get("mask"):
        try:
            return _decode_record(segmentation["mask"]), Path(f"{image.stem}.png")
        except (KeyError, TypeError, zlib.error, *DAMAGED_ARRAY) as error:
            raise ValueError(f"mask of {image.name!r} in samples.json cannot be decoded: {error}") from error
    on_record = segmentation.get("mask_path")
    if on_record:
        tail = PurePosixPath(on_record).parts[-2:]
        masks = [mask for mask in masks if mask.parts[-len(tail) :] == tail]
        return masks[0] if masks else None
    return next((mask for mask in masks if mask.stem == image.stem), None)


def _decode_record(record: dict[str, Any]) -> bytes:
    """FiftyOne keeps masks as zlib-compressed .npy files in base64."""
    packed = base64.b64decode(record["$binary"]["base64"])
    mask = np.load(io.BytesIO(zlib.decompress(packed)), allow_pickle=False)
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(mask, dtype=np.uint8)))
