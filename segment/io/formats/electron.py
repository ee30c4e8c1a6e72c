"""Electron microscopy's own files, read by RosettaSciIO where it is installed.

RosettaSciIO is under the GPL-3: it is no part of this package, an extra of its own (``pip install 'nmfcore[em]'``), and
is imported when such a file is read and not before. Whoever distributes both together is bound by its licence.
"""

from __future__ import annotations

import importlib
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from segment.io.errors import ImageReadError
from segment.io.formats.picture import Picture
from segment.io.formats.size import check_size
from segment.io.vendors.units import um_per_unit
from segment.records import Calibration

# RosettaSciIO's reader of each suffix, and what to call it.
READERS = {
    ".dm3": ("digitalmicrograph", "DM3"),
    ".dm4": ("digitalmicrograph", "DM4"),
    ".emd": ("emd", "EMD"),
    ".ser": ("tia", "SER"),
    ".emi": ("tia", "EMI"),
    ".mrc": ("mrc", "MRC"),
    ".hspy": ("hspy", "HSPY"),
    ".zspy": ("zspy", "ZSPY"),
    ".bcf": ("bruker", "BCF"),
}
# Spectra may be as large as a disc, and need libraries of their own: they are not read.
ONLY_IMAGES = {"emd": {"select_type": "images"}, "bruker": {"select_type": "image"}}
MISSING = "needs RosettaSciIO, which is under the GPL-3 and installed by: pip install 'nmfcore[em]'"
# What an MRC file says where nobody calibrated it: one Angstrom.
UNCALIBRATED = 1e-4
SQUARE = 0.01


def is_electron(path: Path) -> bool:
    """Return whether a file is one of electron microscopy's own, by its suffix."""
    return path.suffix.lower() in READERS


def decode_electron(path: Path, data: bytes, page: int | None = None) -> Picture:
    """Decode one image of a file, with its pixel size.

    Parameters
    ----------
    path : Path
        Where it lies; EMI files are read with the SER files beside them.
    data : bytes
        All of it, for a file that lies nowhere.
    page : int or None, default None
        Number of the image, from 1, of several and of the planes of a stack.

    Returns
    -------
    Picture

    Raises
    ------
    ImageReadError
        RosettaSciIO is not installed, the file is damaged or holds no image, or several images of one size.
    """
    reader, name = READERS[path.suffix.lower()]
    try:
        module = importlib.import_module(f"rsciio.{reader}")
    except ImportError as error:
        raise ImageReadError(f"{name} {MISSING} ({error})") from error
    # Remarks about fields that the reader does not know are not for the user.
    import logging

    logging.getLogger("rsciio").addHandler(logging.NullHandler())
    try:
        found = _read(module, path, data)
    except ImageReadError:
        raise
    except ImportError as error:
        # A library that one kind of its files needs, such as h5py.
        raise ImageReadError(f"{name} {MISSING} ({error})") from error
    except MemoryError as error:
        raise ImageReadError(f"this {name} does not fit into memory") from error
    except Exception as error:
        # Each reader raises types of its own for broken data.
        raise ImageReadError(f"truncated or damaged {name} ({type(error).__name__}: {error})") from error
    return _choose(found, name, page)


def _read(module: Any, path: Path, data: bytes) -> list[dict[str, Any]]:
    import warnings

    options = ONLY_IMAGES.get(module.__name__.rsplit(".", 1)[-1], {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.exists():
            return module.file_reader(str(path), **options)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / path.name
            copy.write_bytes(data)
            return module.file_reader(str(copy), **options)


def _choose(found: list[dict[str, Any]], name: str, page: int | None) -> Picture:
    """Return the largest image, or that of a number; a stack counts as its planes."""
    planes = [(one, index) for one in found for index in range(_count(one))]
    if not planes:
        kinds = ", ".join(sorted({f"data of shape {tuple(np.shape(one['data']))}" for one in found})) or "nothing"
        raise ImageReadError(f"this {name} holds no image: {kinds}")
    if page is not None:
        if not 1 <= page <= len(planes):
            raise ImageReadError(f"this {name} holds {len(planes)} images: there is no page {page}")
        number = page
    else:
        areas = [math.prod(_image_shape(one)) for one, _ in planes]
        best = [place for place, area in enumerate(areas, start=1) if area == max(areas)]
        if len(best) > 1:
            height, width = _image_shape(planes[best[0] - 1][0])
            raise ImageReadError(
                f"this {name} holds {len(best)} images of {width} x {height} pixels: say which one by --page"
            )
        number = best[0]
    one, index = planes[number - 1]
    height, width = _image_shape(one)
    check_size(height, width)
    pixels = np.asarray(one["data"]).reshape(-1, height, width)[index]
    if pixels.dtype.kind not in "biuf":
        raise ImageReadError(f"this {name} is not a grey image: its pixels are {pixels.dtype}")
    notes = () if len(planes) == 1 else (f"image {number} of {len(planes)} read, {width} x {height}",)
    calibration, remarks = _calibrate(one, name)
    # Bruker's scale is that of the mapped image, which comes first.
    if name == "BCF" and _image_shape(one) != _image_shape(planes[0][0]):
        remarks = (f"{name}: an overview, of another size than the image that the scale is of: no pixel size",)
        calibration = Calibration()
    return Picture(np.ascontiguousarray(pixels), number, 1, (*notes, *remarks), calibration)


def _count(one: dict[str, Any]) -> int:
    """Return how many images a data set holds: none where its signal is a spectrum."""
    shape, axes = np.shape(one["data"]), one["axes"]
    if len(shape) < 2 or len(axes) != len(shape):
        return 0
    if len(shape) == 2:
        # A row of spectra has one axis of energy.
        return int(all(_is_image_axis(axis) for axis in axes))
    is_image = all(not axis.get("navigate", False) and _is_image_axis(axis) for axis in axes[-2:])
    return math.prod(shape[:-2]) if is_image else 0


def _is_image_axis(axis: dict[str, Any]) -> bool:
    return str(axis.get("units", "")).strip() not in ("eV", "keV", "s", "Hz")


def _image_shape(one: dict[str, Any]) -> tuple[int, int]:
    height, width = np.shape(one["data"])[-2:]
    return int(height), int(width)


def _calibrate(one: dict[str, Any], name: str) -> tuple[Calibration, tuple[str, ...]]:
    down, across = (_edge_um(axis) for axis in one["axes"][-2:])
    if across is None or down is None:
        return Calibration(), ()
    if abs(down / across - 1) > SQUARE:
        said = f"{name}: pixels are {across:.6g} x {down:.6g} um, not square; the pixel size was not used"
        return Calibration(), (said,)
    if name == "MRC" and math.isclose(across, UNCALIBRATED, rel_tol=1e-6):
        return Calibration(across, "MRC header", "low"), ()
    return Calibration(across, f"{name}, scale of its axes", "high"), ()


def _edge_um(axis: dict[str, Any]) -> float | None:
    try:
        edge = float(axis["scale"]) * um_per_unit(axis["units"])
    except (KeyError, TypeError, ValueError):
        return None
    # HyperSpy's axes without a calibration have the scale 1 and no unit.
    return abs(edge) if math.isfinite(edge) and edge != 0 else None
