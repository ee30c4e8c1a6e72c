"""Touching objects separated: by the waists of their outline, and by the lines and gaps between them in the image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import watershed

from segment.features.valid import taken
from segment.io.exclude import fill
from segment.objects.hulls import measure_hulls

# Where two objects touch, the grey level dips along a line. Its curvature counts as a line from this share on of the
# slope at the objects' outer boundary, both at the same scale and in grey levels.
LINE = 0.3
# Scale of lines, one sigma in pixels: twice the blur of a sharp image.
LINE_SIGMA = 1.5
# Standard deviations that a line must exceed, of the noise and of the texture of what it crosses.
CERTAIN = 4.0
# Pixels from a boundary beyond which it does not reach into the texture, and pixels that show what the texture is.
MARGIN, LEAST_PIXELS = 3, 20
# Fraction of its convex hull that an object fills if it is one: lines across it are its grain. The fraction that is
# enough where gaps are left out, and for the pieces of what is convex as the edge of the field is most of its outline.
CONVEX, PIECE = 0.95, 0.85
# Pieces smaller than this fraction of what is cut are crumbs; where most are, they must be more convex than the whole.
# Where they are not, they may be less convex by so much: grain makes ragged pieces.
CRUMB, RAGGED = 0.05, 0.03
# Half a pixel: how far the distance to a digital boundary is uncertain.
ROUGHNESS = 0.5


def split_touching(
    mask: NDArray[np.bool_],
    image: NDArray[np.floating] | None = None,
    *,
    polarity: str = "bright",
    depth: float = 0.0,
    waist: float = 0.0,
    gaps: NDArray[np.bool_] | None = None,
    valid: NDArray[np.bool_] | None = None,
) -> NDArray[np.int32]:
    """Part the touching objects of a mask.

    Each object is the catchment of a maximum of the distance to the nearest pixel that is background or, with an image,
    a line between objects: pixels where the grey level dips across a line by more than the noise, by more than the
    texture of the part that the line crosses, and by a fraction of the slope at the outer boundary. Maxima that rise
    less than `depth` above the pass to a higher one belong to it. Lines and gaps across a part that is convex, or that
    cut it into pieces more ragged than itself, are its grain, and do not count.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
        True inside objects.
    image : ndarray of float, shape (h, w), optional
        Grey levels; None parts by the outline alone.
    polarity : {"bright", "dark"}, default "bright"
        Whether objects are brighter or darker than the background.
    depth : float, default 0
        Least rise in pixels beyond the roughness of a digital boundary, 0.5 px.
    waist : float, default 0
        Least rise as a fraction of the maximum, in addition, 0 to 1: outlines of wide objects are rougher.
    gaps : ndarray of bool, shape (h, w), optional
        Pixels of the mask that may lie between objects. They are background but where one object surrounds them.
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all. Objects that reach the others go on beyond, as they do at the image's edge.

    Returns
    -------
    ndarray of int32, shape (h, w)
        Ids from 1 in reading order of each object's first pixel; 0 outside the mask. Every pixel of the mask has an id,
        but for gaps between objects.

    Raises
    ------
    ValueError
        If `mask` is not 2-D, `image` or `gaps` has another shape, `polarity` is unknown, `depth` is negative, or
        `waist` is not from 0 to 1.

    Notes
    -----
    Deterministic. Lines take two Gaussian second derivatives; distances are Euclidean.

    Examples
    --------
    >>> y, x = np.mgrid[:20, :40]
    >>> discs = ((y - 10) ** 2 + (x - 12) ** 2 < 81) | ((y - 10) ** 2 + (x - 27) ** 2 < 81)
    >>> int(split_touching(discs).max())
    2
    """
    mask = np.asarray(mask, dtype=bool)
    if mask.ndim != 2:
        raise ValueError(f"mask must have shape (h, w), got {mask.shape}")
    if image is not None and image.shape != mask.shape:
        raise ValueError(f"image must have the shape of mask, {mask.shape}, got {image.shape}")
    if polarity not in ("bright", "dark"):
        raise ValueError(f"polarity must be 'bright' or 'dark', got {polarity!r}")
    if not depth >= 0:
        raise ValueError(f"depth must be at least 0 pixels, got {depth}")
    if not 0 <= waist <= 1:
        raise ValueError(f"waist must be from 0 to 1, got {waist}")
    if gaps is not None and gaps.shape != mask.shape:
        raise ValueError(f"gaps must have the shape of mask, {mask.shape}, got {gaps.shape}")
    if not mask.any():
        return np.zeros(mask.shape, dtype=np.int32)
    if valid is not None:
        # Beyond their boundary the excluded pixels are the mirror image of what is before it.
        mask = fill(mask.astype(np.float32), valid) > 0.5
    parts = _catchments(mask, ROUGHNESS + depth, waist)
    if image is not None or gaps is not None:
        parts = _divided(parts, image if image is None or polarity == "bright" else -image, gaps, depth, waist, valid)
    return renumber(parts if valid is None else np.where(valid, parts, 0))


def _divided(
    parts: NDArray[np.int32],
    image: NDArray[np.floating] | None,
    gaps: NDArray[np.bool_] | None,
    depth: float,
    waist: float,
    valid: NDArray[np.bool_] | None,
) -> NDArray[np.int32]:
    """Return the parts of a mask divided further by lines of the image and by gaps, but for those that are one."""
    mask = parts > 0
    cuts = np.zeros(mask.shape, dtype=bool) if gaps is None else gaps & mask
    rim = mask & ~ndimage.binary_erosion(mask, border_value=1) | ndimage.binary_dilation(cuts) & mask & ~cuts
    if image is not None:
        cuts = cuts | _lines(parts, image, rim, valid)
    seen = parts if valid is None else np.where(valid, parts, 0)
    ids, area, hull = _hulls(seen)
    # How much of its hull each part fills, with gaps and without; those that excluded pixels hide are not asked for.
    n = int(parts.max()) + 1
    outline, filled = np.ones(n), np.ones(n)
    outline[ids] = area / hull
    filled[ids] = (area - (0 if gaps is None else np.bincount(seen[gaps], minlength=n)[ids])) / hull
    is_convex, is_cut = outline >= CONVEX, _cut_straight(seen, valid, n)
    cuts &= ~(is_convex & (filled >= PIECE) & ~is_cut)[parts]
    finer = _catchments(mask & ~cuts, ROUGHNESS + depth, waist, mask)
    is_field = is_convex & is_cut
    is_one = _grained(seen, finer, np.where(is_field, PIECE, outline), np.where(is_field, 0.0, RAGGED))[parts]
    finer = np.where(mask, np.where(is_one, parts, finer + np.int32(parts.max())), 0)
    return finer if gaps is None else _opened(finer, gaps)


def _opened(labels: NDArray[np.int32], gaps: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the labels without gaps, but for those that only one object surrounds: these are its own."""
    around = np.where(gaps, 0, labels)
    pieces = label(gaps, connectivity=1)
    highest = ndimage.grey_dilation(around, footprint=ndimage.generate_binary_structure(2, 1))
    far = np.iinfo(np.int32).max
    lowest = ndimage.grey_erosion(np.where(around > 0, around, far), footprint=ndimage.generate_binary_structure(2, 1))
    numbers = np.arange(1, int(pieces.max()) + 1)
    first, last = np.full(len(numbers) + 1, far), np.zeros(len(numbers) + 1, dtype=np.int64)
    if len(numbers):
        first[1:] = ndimage.minimum(lowest, pieces, numbers)
        last[1:] = ndimage.maximum(highest, pieces, numbers)
    return np.where(gaps, np.where(first == last, last, 0)[pieces], labels).astype(np.int32)


def renumber(labels: NDArray[np.integer]) -> NDArray[np.int32]:
    """Return a label image whose ids are 1 to n in reading order of each object's first pixel."""
    ids, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.zeros(len(ids), dtype=np.int32)
    inside = np.flatnonzero(ids > 0)
    rank[inside[np.argsort(first[inside])]] = np.arange(1, len(inside) + 1)
    return rank[inverse].reshape(labels.shape)


def noise_level(image: NDArray[np.floating], valid: NDArray[np.bool_] | None = None) -> float:
    """Estimate the standard deviation of white noise from second differences, whatever the slopes of the image.

    The median of |N * image| / (6 * 0.6745) with the mask N = [[1, -2, 1], [-2, 4, -2], [1, -2, 1]], which is blind to
    slopes and edges along the axes; its coefficients have the norm 6. Of excluded pixels nothing is taken.

    References
    ----------
    J. Immerkaer, "Fast noise variance estimation", doi 10.1006/cviu.1996.0060; the median in place of the mean.
    """
    second = np.diff(np.diff(image.astype(np.float64), n=2, axis=0), n=2, axis=1)
    if valid is not None and second.size:
        second = taken(second, ndimage.minimum_filter(valid, 3)[1:-1, 1:-1])
    return float(np.median(np.abs(second)) / (6 * 0.6745)) if second.size else 0.0


def _catchments(
    open_to: NDArray[np.bool_], depth: float, waist: float, mask: NDArray[np.bool_] | None = None
) -> NDArray[np.int32]:
    """Return the mask, by default `open_to`, divided into catchments of the distance to what is not open."""
    mask = open_to if mask is None else mask
    # An object that the image's edge cuts goes on beyond it.
    distance = ndimage.distance_transform_edt(np.pad(open_to, 1, mode="edge"))[1:-1, 1:-1]
    distance = ndimage.gaussian_filter(distance, 1.0)
    return watershed(-distance, _maxima(distance, depth, waist, mask), mask=mask).astype(np.int32)


def _hulls(labels: NDArray[np.integer]) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Return the ids of a label image, and the areas of the objects and of their convex hulls."""
    y, x = np.nonzero(labels)
    ids, members = np.unique(labels[y, x], return_inverse=True)
    hull = measure_hulls(members, y, x, len(ids))[2]
    return ids.astype(np.intp), np.bincount(members, minlength=len(ids)).astype(np.float64), hull


def _cut_straight(parts: NDArray[np.int32], valid: NDArray[np.bool_] | None, n: int) -> NDArray[np.bool_]:
    """Return which parts owe most of their outline to the edge of the field, which says nothing about their shape."""
    inside = np.ones(parts.shape, dtype=bool) if valid is None else valid
    rim = ~ndimage.binary_erosion(parts > 0)
    edge = inside & ~ndimage.binary_erosion(inside)
    return 2 * np.bincount(parts[edge], minlength=n) > np.bincount(parts[rim], minlength=n)


def _grained(
    parts: NDArray[np.int32], finer: NDArray[np.int32], filled: NDArray[np.float64], ragged: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which parts are one, as the pieces that finer cuts make of them fill less of their hulls than they do.

    They may fill less by `ragged` unless most of them are crumbs.
    """
    y, x = np.nonzero(parts)
    pairs, piece = np.unique(np.stack([parts[y, x], finer[y, x]], axis=1), axis=0, return_inverse=True)
    labels = np.zeros(parts.shape, dtype=np.intp)
    labels[y, x] = piece.ravel() + 1
    whole, n = pairs[:, 0], len(filled)
    _, area, hull = _hulls(labels)
    size, pieces = np.bincount(whole, area, minlength=n), np.bincount(whole, minlength=n)
    fraction = size / np.maximum(np.bincount(whole, hull, minlength=n), 1)
    crumbled = 2 * np.bincount(whole, area < CRUMB * size[whole], minlength=n) > pieces
    return fraction < filled - np.where(crumbled, 0.0, ragged)


def _lines(
    parts: NDArray[np.int32],
    image: NDArray[np.floating],
    rim: NDArray[np.bool_],
    valid: NDArray[np.bool_] | None,
) -> NDArray[np.bool_]:
    """Return the pixels of parts in which the grey level dips across a line."""
    grey = image.astype(np.float64)
    yy, xx, yx = (ndimage.gaussian_filter(grey, LINE_SIGMA, order) for order in ((2, 0), (0, 2), (1, 1)))
    curvature = ((yy + xx) / 2 + np.sqrt(((yy - xx) / 2) ** 2 + yx**2)) * LINE_SIGMA**2
    slope = ndimage.gaussian_gradient_magnitude(grey, LINE_SIGMA) * LINE_SIGMA
    rim = rim if valid is None else rim & valid
    edge = float(np.median(slope[rim])) if rim.any() else 0.0
    # White noise of deviation s has, in a second derivative of scale t, the deviation s sqrt(3 / (16 pi)) / t^3.
    noise = noise_level(grey, valid) * np.sqrt(3 / (16 * np.pi)) / LINE_SIGMA
    core = ndimage.binary_erosion(parts > 0, iterations=MARGIN, border_value=1)
    core = core if valid is None else core & valid
    texture = CERTAIN * _spread(curvature[core], parts[core], int(parts.max()) + 1)
    return (parts > 0) & (curvature > np.maximum(texture, max(LINE * edge, CERTAIN * noise))[parts])


def _spread(values: NDArray[np.float64], owner: NDArray[np.int32], n: int) -> NDArray[np.float64]:
    """Return the standard deviation of the values of each owner by their median deviation; 0 for those of few."""
    spread = np.zeros(n)
    order = np.argsort(owner, kind="stable")
    ids, first = np.unique(owner[order], return_index=True)
    for name, own in zip(ids.tolist(), np.split(values[order], first[1:]), strict=False):
        if len(own) >= LEAST_PIXELS:
            spread[name] = 1.4826 * float(np.median(np.abs(own - np.median(own))))
    return spread


def _maxima(distance: NDArray[np.float64], depth: float, waist: float, mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return numbered maxima that rise `depth`, and a fraction of themselves, above the pass to a higher one.

    Each piece of the mask has one.
    """
    levelled = reconstruction(distance * (1 - waist) - depth, distance, method="dilation")
    markers = label(local_maxima(levelled) & mask)
    pieces = label(mask, connectivity=1)
    # A piece so thin that its only maximum was smoothed away.
    bare = np.setdiff1d(np.arange(1, pieces.max() + 1), np.unique(pieces[markers > 0]))
    markers[np.isin(pieces, bare)] = markers.max() + pieces[np.isin(pieces, bare)]
    return markers
