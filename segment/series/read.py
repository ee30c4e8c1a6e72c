"""Open a film: a folder, files, a multi-page TIFF or an array."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.io import ImageReadError, find_images, from_array, read_micrograph
from segment.records import GreyImage, Micrograph, Series

# Frames that are looked at to learn the size that most have.
PROBED = 5


def open_series(
    source: str | Path | Sequence[str | Path] | NDArray[Any],
    *,
    interval_s: float | None = None,
    pixel_size_um: float | None = None,
    band: str | int = "none",
) -> Series:
    """Open a film without reading its frames.

    Parameters
    ----------
    source : str, Path, sequence of those, or ndarray of shape (n, h, w)
        A folder, files or glob patterns, in natural order (``frame_2`` before ``frame_10``); one multi-page TIFF; or an
        array as for `segment.from_array`, frame by frame.
    interval_s : float, optional
        Seconds from a frame to the next.
    pixel_size_um : float, optional
        Edge of a pixel in micrometres; None takes that of the first file.
    band : {"none", "auto"} or int, default "none"
        Information band, as in `segment.read_micrograph`; "auto" looks for it in the first frame, and cuts all alike.

    Returns
    -------
    Series
        Each frame is read when it is asked for, so that memory does not grow with their number.

    Raises
    ------
    ValueError
        If there are fewer than two frames, or `interval_s` is not a positive number.
    FileNotFoundError
        If an input stands for no image.
    segment.io.ImageReadError
        If none of the frames looked at can be read.

    Examples
    --------
    >>> series = open_series(np.zeros((3, 8, 9), dtype=np.uint8), interval_s=0.5)
    >>> len(series), series.shape, series.times.tolist()
    (3, (8, 9), [0.0, 0.5, 1.0])
    """
    if interval_s is not None and not (np.isfinite(interval_s) and interval_s > 0):
        raise ValueError(f"interval_s must be a positive number of seconds, got {interval_s!r}")
    names, read, found = _opened(source, band)
    if len(names) < 2:
        raise ValueError(
            f"a series needs at least 2 frames, got {len(names)}; measure one image with `segment objects`"
        )
    edge = pixel_size_um if pixel_size_um is not None else found
    return Series(names, read, _usual_shape(names, read), interval_s, edge)


def _opened(source: Any, band: str | int) -> tuple[tuple[str, ...], Any, float | None]:
    """Return names, the function that reads a frame, and the pixel size of the first one."""
    if isinstance(source, np.ndarray):
        if source.ndim != 3:
            raise ValueError(f"source must have shape (n, h, w), got {source.shape}")
        names = tuple(f"frame {index}" for index in range(len(source)))
        return names, lambda index: _levels(from_array(source[index])), None
    inputs = [source] if isinstance(source, (str, Path)) else list(source)
    paths = find_images(inputs)
    if len(paths) == 1 and paths[0].suffix.lower() in (".tif", ".tiff"):
        return _opened_stack(paths[0])
    row, edge = _band_row(paths, band)

    def read(index: int) -> NDArray[np.float32]:
        return _levels(read_micrograph(paths[index], band=row, overlays="none", scale_bar_um="none"))

    return tuple(path.name for path in paths), read, edge


def _levels(frame: Micrograph) -> NDArray[np.float32]:
    """Return the grey levels of a frame, with which pixels count where not all do."""
    return frame.image if frame.valid is None else GreyImage(frame.image, valid=frame.valid)


def _opened_stack(path: Path) -> tuple[tuple[str, ...], Any, float | None]:
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            n = len(file.pages)
    except (tifffile.TiffFileError, OSError) as error:
        raise ImageReadError(f"cannot read '{path}': {error}") from error

    def read(index: int) -> NDArray[np.float32]:
        try:
            with tifffile.TiffFile(path) as file:
                return _levels(from_array(file.pages[index].asarray()))
        except (tifffile.TiffFileError, OSError, TypeError, IndexError) as error:
            raise ImageReadError(f"cannot read page {index + 1} of '{path}': {error}") from error

    return tuple(f"{path.name} page {index + 1}" for index in range(n)), read, None


def _band_row(paths: Sequence[Path], band: str | int) -> tuple[str | int, float | None]:
    """Return the row at which all frames are cut, and the pixel size, from the first frame that can be read."""
    for path in paths[:PROBED]:
        try:
            first = read_micrograph(path, band=band)
        except (ImageReadError, OSError):
            continue
        row = "none" if first.band.top is None else first.band.top
        return row, first.calibration.pixel_size_um
    return band if band != "auto" else "none", None


def _usual_shape(names: Sequence[str], read: Any) -> tuple[int, int]:
    shapes: Counter[tuple[int, int]] = Counter()
    complaint: Exception | None = None
    for index in np.unique(np.linspace(0, len(names) - 1, PROBED).round().astype(int)).tolist():
        try:
            height, width = read(index).shape
            shapes[height, width] += 1
        except (ValueError, OSError) as error:
            complaint = error
    if not shapes:
        raise ImageReadError(f"none of the frames looked at can be read: {complaint}")
    return shapes.most_common(1)[0][0]
