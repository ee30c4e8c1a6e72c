"""Pixels that take no part: how they are found, and what stands in their place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from segment.io.decode import decode
from segment.io.errors import ImageReadError

Scalar = TypeVar("Scalar", bound=np.generic)

MASK = "_mask"
# What the micrograph itself may have of the level of its border, and the row behind a straight edge.
INSIDE, BEHIND = 1e-3, 0.1
ROUNDS = 8


def find_mask(source: str | Path, image: Path) -> Path | None:
    """Return the mask of an image: `source` itself, or in a folder ``NAME_mask.png`` or ``NAME.png``, or TIFF.

    Parameters
    ----------
    source : str or Path
        File or folder.
    image : Path

    Returns
    -------
    Path or None
        None where the folder has none for this image.

    Raises
    ------
    ImageReadError
        `source` does not exist.
    """
    source = Path(source)
    if source.is_file():
        return source
    if not source.is_dir():
        raise ImageReadError(f"mask '{source}': no such file or folder")
    for stem in (f"{image.stem}{MASK}", image.stem):
        for suffix in (".png", ".tif", ".tiff"):
            path = source / f"{stem}{suffix}"
            if path.is_file() and path.resolve() != image.resolve():
                return path
    return None


def without_masks(paths: Sequence[Path], source: str | Path | None) -> list[Path]:
    """Return the images without their own masks, which may lie beside them.

    Parameters
    ----------
    paths : sequence of Path
    source : str, Path or None
        As `find_mask` takes it; None: no masks.

    Returns
    -------
    list of Path
    """
    if source is None:
        return list(paths)
    masks = {mask.resolve() for path in paths if (mask := find_mask(source, path)) is not None}
    return [path for path in paths if path.resolve() not in masks]


def read_mask(path: str | Path, shape: tuple[int, int], rows: int) -> NDArray[np.bool_]:
    """Read which pixels take part: those that are not zero.

    Parameters
    ----------
    path : str or Path
        Image of one channel, or of equal ones.
    shape : (int, int)
        Height and width of the picture, its band included.
    rows : int
        Height of the micrograph without its band; a mask may have either height.

    Returns
    -------
    ndarray of bool, shape (rows, w)

    Raises
    ------
    ImageReadError
        The file cannot be read, is in colour, or has another size.
    """
    try:
        pixels = decode(Path(path).read_bytes())
    except OSError as error:
        raise ImageReadError(f"mask '{path}': {error.strerror or error}") from error
    except ImageReadError as error:
        raise ImageReadError(f"mask '{path}': {error}") from error
    return check_mask(pixels, shape, rows, f"mask '{path}'")


def check_mask(pixels: NDArray[np.generic], shape: tuple[int, int], rows: int, what: str) -> NDArray[np.bool_]:
    """Return which pixels of a mask are not zero, of the micrograph's size; see `read_mask`."""
    if pixels.ndim == 3 and np.all(pixels[..., :1] == pixels[..., : min(3, pixels.shape[2])]):
        pixels = pixels[..., 0]
    if pixels.ndim != 2:
        raise ImageReadError(f"{what}: a mask has one channel, zero where pixels are excluded; got {pixels.shape}")
    if pixels.shape not in (shape, (rows, shape[1])):
        raise ImageReadError(
            f"{what}: {pixels.shape[1]} x {pixels.shape[0]} pixels, the image has {shape[1]} x {shape[0]}"
        )
    return np.asarray(pixels[:rows] != 0)


def find_borders(image: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Find the black rows and columns that stitching and drift correction leave at the edges.

    Parameters
    ----------
    image : ndarray of float32, shape (h, w)

    Returns
    -------
    ndarray of bool, shape (h, w), or None
        True inside them; None where there are none.

    Notes
    -----
    A border is of whole rows or columns of exactly 0, ends in a straight edge, and that level is all but
    absent inside. A phase that clips to black ends in a ragged boundary and has pores of that level elsewhere; a drawn
    picture without noise has no borders.

    Examples
    --------
    >>> image = np.random.default_rng(0).uniform(0.2, 1, (40, 60)).astype(np.float32)
    >>> image[:, :7] = 0
    >>> inside = find_borders(image)
    >>> int((~inside).sum())
    280
    """
    is_low = image == 0
    top, bottom = _run(is_low.mean(axis=1))
    left, right = _run(is_low.mean(axis=0))
    height, width = image.shape
    if (top, bottom, left, right) == (0, 0, 0, 0) or top + bottom >= height or left + right >= width:
        return None
    rows, columns = slice(top, height - bottom), slice(left, width - right)
    inner, low = image[rows, columns], is_low[rows, columns]
    edges = [low[0]] * bool(top) + [low[-1]] * bool(bottom) + [low[:, 0]] * bool(left) + [low[:, -1]] * bool(right)
    is_noisy = min(inner.shape) > 1 and all(np.median(np.abs(np.diff(inner, axis=axis))) > 0 for axis in (0, 1))
    if not is_noisy or low.mean() > INSIDE or any(edge.mean() > BEHIND for edge in edges):
        return None
    inside = np.zeros(image.shape, dtype=bool)
    inside[rows, columns] = True
    return inside


def _run(fractions: NDArray[np.float64]) -> tuple[int, int]:
    """Return how many entries at the start and at the end are 1, up to a column that was cut off by rows already."""
    full = fractions >= 1.0
    if full.all():
        return 0, 0
    return int(np.argmin(full)), int(np.argmin(full[::-1]))


def fill(image: NDArray[Scalar], valid: NDArray[np.bool_]) -> NDArray[Scalar]:
    """Put mirrored pixels in the place of excluded ones, as filters do beyond the edge of an image.

    Parameters
    ----------
    image : ndarray, shape (h, w) or (h, w, c)
    valid : ndarray of bool, shape (h, w)
        At least one is True.

    Returns
    -------
    ndarray, of the shape and type of `image`
        `image` where it is valid. Elsewhere the pixel as far on the other side of the boundary to the nearest valid
        one, again and again until it is valid, so that nothing near an excluded pixel depends on what was there, and
        filters meet a straight boundary as they meet the edge of an image.

    Examples
    --------
    >>> fill(np.float32([[9, 1, 2, 3]]), np.array([[False, True, True, True]]))
    array([[1., 1., 2., 3.]], dtype=float32)
    """
    # Slow to load, and most images have nothing excluded.
    from scipy import ndimage

    filled, known = image.copy(), valid.copy()
    filled[~valid] = 0
    height, width = image.shape[:2]
    for _ in range(ROUNDS):
        missing = ~known
        if not missing.any():
            break
        nearest = ndimage.distance_transform_edt(missing, return_distances=False, return_indices=True)
        y, x = np.nonzero(missing)
        near_y, near_x = (axis[y, x] for axis in np.asarray(nearest))
        # The nearest one is its own mirror image: the edge lies between pixels.
        far_y, far_x = (
            np.clip(2 * near - at + np.sign(at - near), 0, side - 1)
            for near, at, side in ((near_y, y, height), (near_x, x, width))
        )
        is_known = known[far_y, far_x]
        filled[y, x] = filled[np.where(is_known, far_y, near_y), np.where(is_known, far_x, near_x)]
        known[y[is_known], x[is_known]] = True
    return filled
