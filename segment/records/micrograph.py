"""One image as it was read: where it came from, what was cut off, how large a pixel is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# The label of pixels that take no part.
EXCLUDED = 255


@dataclass(frozen=True)
class Calibration:
    """The size of a pixel, and how far to trust it.

    Attributes
    ----------
    pixel_size_um : float or None
        Edge length of a square pixel in micrometres; None where the file does not say.
    source : str
        Where the number was read, e.g. ``"Zeiss tag 34118, ap_image_pixel_size"``, ``"user"`` or ``"none"``.
    confidence : {"high", "read from the picture", "low", "none"}
        "high" for the microscope's own metadata or the user's word, "read from the picture" for a scale bar and its
        label, "low" for a generic tag or a resized picture, "none" without a number.
    """

    pixel_size_um: float | None = None
    source: str = "none"
    confidence: str = "none"


@dataclass(frozen=True)
class Band:
    """The information band at the foot of a micrograph.

    Attributes
    ----------
    top : int or None
        First row of the band in the image as read; rows ``[0, top)`` are the micrograph. None: no band.
    source : {"metadata", "detected", "batch", "user", "none"}
        Who said so; "batch": it is where the bands of most images of this size are, and the picture allows it.
    reason : str
        What speaks for it, in words; empty where nothing needs to be said.
    """

    top: int | None = None
    source: str = "none"
    reason: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True)
class Micrograph:
    """One image, cropped and grey, with everything needed to say where it came from.

    Attributes
    ----------
    image : ndarray of float32, shape (h, w)
        Grey levels in [0, 1], scaled by the full range of the file's integer type, after the band was cropped.
    name : str
        Stem of the file, or the name given to an array.
    path : Path or None
        The file; None for an array.
    sha256 : str or None
        Digest of the file's bytes; None for an array.
    dtype : str
        Type of the pixels as read, e.g. ``"uint8"``.
    channels : {"grey", "rgb", "rgba", "grey+alpha"}
        Layout as read.
    read_shape : tuple of int
        (height, width) as read, before the band was cropped.
    band : Band
    calibration : Calibration
    valid : ndarray of bool, shape (h, w), or None
        Which pixels take part; None where all do. In the place of the others `image` holds mirrored valid ones.
    colour : ndarray of float32, shape (h, w, 3), or None
        RGB in [0, 1], mirrored as `image` is, of a picture whose colours say more than its grey levels and their noise;
        None of any other.
    levels : (float, float) or None
        The values of the file that became 0 and 1; None where those of its type did.
    notes : tuple of str
        What was chosen or corrected when the file was read, a sentence each.
    """

    image: NDArray[np.float32]
    name: str
    path: Path | None
    sha256: str | None
    dtype: str
    channels: str
    read_shape: tuple[int, int]
    band: Band = field(default_factory=Band)
    calibration: Calibration = field(default_factory=Calibration)
    valid: NDArray[np.bool_] | None = None
    colour: NDArray[np.float32] | None = None
    levels: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
