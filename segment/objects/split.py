"""Touching objects separated: by the waists of their outline, and by the lines between them in the image."""

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
# Standard deviations of the noise that a line must exceed.
CERTAIN = 4.0
# Fraction of its convex hull that an object fills if it is one: lines across it are its grain.
CONVEX = 0.95
# Pieces smaller than this fraction of what lines cut are crumbs; where most are, the lines are grain.
CRUMB = 0.05
# Half a pixel: how far the distance to a digital boundary is uncertain.
ROUGHNESS = 0.5


def split_touching(
    mask: NDArray[np.bool_],
    image: NDArray[np.floating] | None = None,
    *,
    polarity: str = "bright",
    depth: float = 0.0,
    valid: NDArray[np.bool_] | None = None,
) -> NDArray[np.int32]:
    """Part the touching objects of a mask.

    Each object is the catchment of a maximum of the distance to the nearest pixel that is background or, with an image,
    a line between objects: pixels where the grey level dips across a line by more than the noise and by a fraction of
    the slope at the outer boundary. Maxima that rise less than `depth` above the pass to a higher one belong to it.
    Lines across a part that is convex, or that cut it into crumbs, most of them less than 5 % of it, are its grain, and
    do not count.

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
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all. Objects that reach the others go on beyond, as they do at the image's edge.

    Returns
    -------
    ndarray of int32, shape (h, w)
        Ids from 1 in reading order of each object's first pixel; 0 outside the mask. Every pixel of the mask has an id.

    Raises
    ------
    ValueError
        If `mask` is not 2-D, `image` has another shape, `polarity` is unknown, or `depth` is negative.

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
    if not mask.any():
        return np.zeros(mask.shape, dtype=np.int32)
    if valid is not None:
        # Beyond their boundary the excluded pixels are the mirror image of what is before it.
        mask = fill(mask.astype(np.float32), valid) > 0.5
    parts = _catchments(mask, ROUGHNESS + depth)
    if image is not None:
        lines = _lines(mask, image if polarity == "bright" else -image, valid) & ~_convex(parts)
        finer = _catchments(mask & ~lines, ROUGHNESS + depth, mask)
        parts = np.where(_grained(parts, finer) | ~mask, parts, finer + int(parts.max()))
    return renumber(parts if valid is None else np.where(valid, parts, 0))


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


def _catchments(open_to: NDArray[np.bool_], depth: float, mask: NDArray[np.bool_] | None = None) -> NDArray[np.int32]:
    """Return the mask, by default `open_to`, divided into catchments of the distance to what is not open."""
    mask = open_to if mask is None else mask
    # An object that the image's edge cuts goes on beyond it.
    distance = ndimage.distance_transform_edt(np.pad(open_to, 1, mode="edge"))[1:-1, 1:-1]
    distance = ndimage.gaussian_filter(distance, 1.0)
    return watershed(-distance, _maxima(distance, depth, mask), mask=mask).astype(np.int32)


def _convex(parts: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return the pixels of parts that fill their convex hull."""
    y, x = np.nonzero(parts)
    ids, members = np.unique(parts[y, x], return_inverse=True)
    hull = measure_hulls(members, y, x, len(ids))[2]
    is_convex = np.zeros(int(parts.max()) + 1, dtype=bool)
    is_convex[ids] = np.bincount(members, minlength=len(ids)) >= CONVEX * hull
    return is_convex[parts]


def _grained(parts: NDArray[np.int32], finer: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return the pixels of parts that finer ones cut into crumbs, most of them a small fraction of the part."""
    size = np.bincount(parts.ravel())
    pairs, shared = np.unique(np.stack([parts[parts > 0], finer[parts > 0]], axis=1), axis=0, return_counts=True)
    crumbs = shared < CRUMB * size[pairs[:, 0]]
    pieces = np.bincount(pairs[:, 0], minlength=len(size))
    return (2 * np.bincount(pairs[:, 0], crumbs, minlength=len(size)) > pieces)[parts]


def _lines(
    mask: NDArray[np.bool_], image: NDArray[np.floating], valid: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Return the pixels of the mask in which the grey level dips across a line."""
    grey = image.astype(np.float64)
    yy, xx, yx = (ndimage.gaussian_filter(grey, LINE_SIGMA, order) for order in ((2, 0), (0, 2), (1, 1)))
    curvature = ((yy + xx) / 2 + np.sqrt(((yy - xx) / 2) ** 2 + yx**2)) * LINE_SIGMA**2
    slope = ndimage.gaussian_gradient_magnitude(grey, LINE_SIGMA) * LINE_SIGMA
    rim = mask & ~ndimage.binary_erosion(mask, border_value=1)
    rim = rim if valid is None else rim & valid
    edge = float(np.median(slope[rim])) if rim.any() else 0.0
    # White noise of deviation s has, in a second derivative of scale t, the deviation s sqrt(3 / (16 pi)) / t^3.
    noise = noise_level(grey, valid) * np.sqrt(3 / (16 * np.pi)) / LINE_SIGMA
    return mask & (curvature > max(LINE * edge, CERTAIN * noise))


def _maxima(distance: NDArray[np.float64], depth: float, mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return numbered maxima that rise `depth` above the pass to a higher one; each piece of the mask has one."""
    levelled = reconstruction(distance - depth, distance, method="dilation")
    markers = label(local_maxima(levelled) & mask)
    pieces = label(mask, connectivity=1)
    # A piece so thin that its only maximum was smoothed away.
    bare = np.setdiff1d(np.arange(1, pieces.max() + 1), np.unique(pieces[markers > 0]))
    markers[np.isin(pieces, bare)] = markers.max() + pieces[np.isin(pieces, bare)]
    return markers
