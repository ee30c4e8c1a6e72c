"""Objects on a background, from one image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_li
from skimage.measure import label

from segment.features.valid import taken
from segment.objects.hulls import measure_hulls
from segment.objects.split import noise_level, renumber, split_touching
from segment.records import valid_of

# Objects smaller than this fraction of the object in which half of all object area lies are taken for dirt or noise.
DIRT = 0.05
# Pixels from a boundary within which a blurred edge lies, and the reach over which levels are averaged, one sigma.
BLUR, NEARBY = 2, 4.0
# Waists are deeper than this fraction of the radius beside them.
WAIST = 0.1
# A hole between objects fills less than this fraction of its convex hull, and reaches this fraction of the way from the
# level of objects to that of the background.
HOLLOW, DEEP = 0.9, 0.75
# Least fraction of a field that says what the level of the background is.
LEAST_BACKGROUND = 0.01


def find_objects(
    image: NDArray[np.floating],
    *,
    polarity: str = "auto",
    split: bool = True,
    min_pixels: int | None = None,
) -> NDArray[np.int32]:
    """Find the objects of an image by their grey level, and part those that touch.

    The image is smoothed by one pixel and cut at the threshold of least cross entropy [1]_. The boundary then settles
    where the grey level is halfway between those of the object and of the background nearby. Holes are filled, but for
    those that lie between objects.

    Parameters
    ----------
    image : ndarray of float, shape (h, w)
        Grey levels. Of a `segment.records.GreyImage` the excluded pixels are no objects, and what they enclose no hole.
    polarity : {"auto", "bright", "dark"}, default "auto"
        Whether objects are brighter or darker than the background. "auto" takes the side to which the grey levels have
        the longer tail, as they have where objects cover less than half of the image.
    split : bool, default True
        Whether touching objects are separated; see `split_touching`.
    min_pixels : int, optional
        Smallest object that is kept. None: 5 % of the area-weighted median of all objects.

    Returns
    -------
    ndarray of int32, shape (h, w)
        Ids from 1 in reading order; 0 is background. All 0 where nothing stands out of the noise.

    Raises
    ------
    ValueError
        If `image` is not a 2-D array of finite numbers, `polarity` is unknown, or `min_pixels` is below 1.

    References
    ----------
    .. [1] C. H. Li and P. K. S. Tam, "An iterative algorithm for minimum cross entropy thresholding",
       doi 10.1016/S0167-8655(98)00057-9.

    Examples
    --------
    >>> image = np.full((40, 40), 0.8)
    >>> image[5:12, 5:12] = image[20:30, 20:35] = 0.3
    >>> np.bincount(find_objects(image).ravel())[1:].tolist()
    [49, 150]
    """
    grey, valid = check_image(image), valid_of(image)
    if polarity not in ("auto", "bright", "dark"):
        raise ValueError(f"polarity must be 'auto', 'bright' or 'dark', got {polarity!r}")
    if min_pixels is not None and min_pixels < 1:
        raise ValueError(f"min_pixels must be at least 1, got {min_pixels}")
    side = find_polarity(grey, valid) if polarity == "auto" else polarity
    mask, gaps = find_mask(grey, side, valid)
    if split:
        labels = split_touching(mask, grey, polarity=side, waist=WAIST, gaps=gaps, valid=valid)
    else:
        labels = label(mask, connectivity=1)
    labels = labels if valid is None else np.where(valid, labels, 0)
    return drop_small(labels, min_pixels)


def find_polarity(image: NDArray[np.floating], valid: NDArray[np.bool_] | None = None) -> str:
    """Return "bright" or "dark", the side to which the smoothed grey levels have the longer tail."""
    grey = taken(ndimage.gaussian_filter(image, 1.0), valid)
    return "bright" if float(np.mean((grey - grey.mean()) ** 3)) >= 0 else "dark"


def find_mask(
    image: NDArray[np.floating], polarity: str, valid: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where objects are, holes filled, and which of the holes may lie between objects.

    Nowhere in an image of noise only. Where pixels are excluded the mask goes on over what stands in their place,
    mirrored; holes are filled elsewhere.
    """
    grey = ndimage.gaussian_filter(image if polarity == "bright" else -image, 1.0)
    nowhere = np.zeros(grey.shape, dtype=bool)
    seen = taken(grey, valid)
    if float(seen.max()) <= float(seen.min()):
        return nowhere, nowhere
    mask = grey > threshold_li(seen)
    inside = taken(mask, valid)
    # A Gaussian of one pixel leaves 1 / sqrt(4 pi) of white noise. Both sides of a threshold through noise alone differ
    # by less than two of its deviations times sqrt(2 / pi).
    noise = noise_level(image, valid) / np.sqrt(4 * np.pi)
    contrast = 0.0 if inside.all() or not inside.any() else float(seen[inside].mean() - seen[~inside].mean())
    if contrast <= 0 or contrast < 4 * np.sqrt(2 / np.pi) * noise:
        return nowhere, nowhere
    mask = settle_boundaries(grey, mask)
    filled = fill_holes(mask, valid)
    return filled, _find_gaps(grey, mask, filled, valid)


def _find_gaps(
    grey: NDArray[np.float64],
    mask: NDArray[np.bool_],
    filled: NDArray[np.bool_],
    valid: NDArray[np.bool_] | None,
) -> NDArray[np.bool_]:
    """Return the holes that are hollow, as those between round objects are, and as deep as the background."""
    holes = label(filled & ~mask, connectivity=1)
    n = int(holes.max())
    objects, background = (grey[place if valid is None else place & valid] for place in (mask, ~filled))
    if not n or not len(objects):
        return np.zeros(grey.shape, dtype=bool)
    y, x = np.nonzero(holes)
    hull = measure_hulls(holes[y, x].astype(np.intp) - 1, y, x, n)[2]
    is_gap = np.bincount(holes[y, x])[1:] < HOLLOW * hull
    if len(background) >= LEAST_BACKGROUND * grey.size:
        level = np.median(objects)
        holes_level = np.asarray(ndimage.median(grey, holes, np.arange(1, n + 1)))
        is_gap &= level - holes_level >= DEEP * (level - np.median(background))
    return np.append(False, is_gap)[holes]


def fill_holes(mask: NDArray[np.bool_], valid: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Return the mask with what it encloses; a hole that reaches an excluded pixel goes on there, and is none.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
    valid : ndarray of bool, shape (h, w), optional
        None: all.

    Returns
    -------
    ndarray of bool, shape (h, w)

    Examples
    --------
    >>> ring = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], bool)
    >>> fill_holes(ring).all(), fill_holes(ring, np.eye(3) == 0)[1, 1]
    (np.True_, np.False_)
    """
    if valid is None:
        return ndimage.binary_fill_holes(mask)
    # Background from which excluded pixels, or the edge, are reached.
    outside = ~np.pad(mask & valid, 1)
    seeds = np.pad(~valid, 1, constant_values=True)
    return mask | ~ndimage.binary_propagation(seeds, mask=outside)[1:-1, 1:-1] & valid


def edge_of(shape: tuple[int, ...], valid: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Return the pixels at the edge of a field: the outermost ones, and those beside excluded pixels.

    Parameters
    ----------
    shape : (int, int)
    valid : ndarray of bool, shape (h, w), optional
        None: all.

    Returns
    -------
    ndarray of bool, shape (h, w)

    Examples
    --------
    >>> edge_of((4, 4)).sum(), edge_of((4, 4), np.arange(16).reshape(4, 4) != 0).sum()
    (np.int64(12), np.int64(11))
    """
    inside = np.ones(shape, dtype=bool) if valid is None else valid
    return inside & ~ndimage.binary_erosion(inside)


def settle_boundaries(grey: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask with its boundary halfway between the levels of object and background nearby.

    Parameters
    ----------
    grey : ndarray of float64, shape (h, w)
        Smoothed grey levels, objects brighter.
    mask : ndarray of bool, shape (h, w)
        Objects, with boundaries two pixels off at most, or three where they lie too far out.

    Returns
    -------
    ndarray of bool, shape (h, w)
        Pixels at the boundary, or near it, may have changed sides.
    """
    core = ndimage.binary_erosion(mask, iterations=BLUR, border_value=1)
    thin = mask & ~ndimage.binary_propagation(core, mask=mask)
    background = ~ndimage.binary_dilation(mask, iterations=BLUR)
    # Objects too thin to have a core are as bright as their brightest pixels nearby.
    peaks = thin & (grey >= ndimage.maximum_filter(np.where(thin, grey, -np.inf), 3))
    half = (_level_nearby(grey, core | peaks) + _level_nearby(grey, background)) / 2
    near = ndimage.binary_dilation(mask) & ~core
    return np.where(near & np.isfinite(half), grey > half, mask)


def _level_nearby(grey: NDArray[np.float64], place: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean grey level of the chosen pixels around each pixel, NaN where none is in reach."""
    weight = ndimage.gaussian_filter(place.astype(np.float64), NEARBY)
    total = ndimage.gaussian_filter(np.where(place, grey, 0.0), NEARBY)
    return np.divide(total, weight, out=np.full(grey.shape, np.nan), where=weight > 1e-6)


def drop_small(labels: NDArray[np.integer], min_pixels: int | None = None) -> NDArray[np.int32]:
    """Return the label image without small objects, its ids from 1 in reading order.

    Parameters
    ----------
    labels : ndarray of int, shape (h, w)
        Object ids; 0 is background.
    min_pixels : int, optional
        Smallest object that is kept. None: 5 % of the area-weighted median, the size of the object in which half of all
        object area lies when objects are put in order of size.

    Returns
    -------
    ndarray of int32, shape (h, w)
    """
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    if min_pixels is None:
        ordered = np.sort(sizes[sizes > 0])
        if not len(ordered):
            return np.zeros(labels.shape, dtype=np.int32)
        half = np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)
        min_pixels = int(np.ceil(DIRT * ordered[half]))
    return renumber(np.where((sizes >= max(min_pixels, 1))[labels], labels, 0))


def check_image(image: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the image as float64, or raise ValueError where it is no image."""
    grey = np.asarray(image, dtype=np.float64)
    if grey.ndim != 2 or not grey.size or not np.isfinite(grey).all():
        raise ValueError(f"image must be a non-empty array of finite numbers, shape (h, w), got shape {grey.shape}")
    return grey
