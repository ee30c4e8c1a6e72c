"""Boundaries as a network: centre lines, junctions, open ends, regions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import skeletonize
from skimage.segmentation import expand_labels

from segment.records import Network

AROUND = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]])
EDGES = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]])
# Enclosed regions of fewer pixels are holes in a boundary.
SMALLEST_GRAIN = 10


def read_boundaries(mask: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Read drawn or segmented boundaries: two levels, whichever of them the boundaries have.

    Parameters
    ----------
    mask : ndarray, shape (h, w) or (h, w, 3 or 4)
        Boundaries in one level and grains in another, as bool, 0 and 1, or 0 and 255, either way round. What a JPEG
        makes of them is read by the nearer level; colours by their mean.

    Returns
    -------
    ndarray of bool, shape (h, w)
        True on boundaries: the level whose regions are thinner. Empty where there is one level only.

    Raises
    ------
    ValueError
        If the array is not an image, or holds a number that is not finite.

    Examples
    --------
    >>> drawn = np.full((5, 5), 255, np.uint8)
    >>> drawn[:, 2] = 0
    >>> int(read_boundaries(drawn).sum()), int(read_boundaries(255 - drawn).sum())
    (5, 5)
    """
    levels = np.asarray(mask)
    if levels.ndim == 3 and levels.shape[2] in (3, 4):
        levels = levels[..., :3].mean(axis=2)
    if levels.ndim != 2 or not levels.size:
        raise ValueError(f"mask must be an image of shape (h, w) or (h, w, 3), got shape {levels.shape}")
    levels = levels.astype(np.float64)
    if not np.isfinite(levels).all():
        raise ValueError("mask must be finite, got a level that is not")
    low, high = float(levels.min()), float(levels.max())
    if low == high:
        return np.zeros(levels.shape, dtype=bool)
    is_high = levels > (low + high) / 2
    return is_high if thickness(is_high) < thickness(~is_high) else ~is_high


def trace_network(boundaries: NDArray[np.bool_]) -> Network:
    """Find the centre lines, junctions, open ends and regions of boundaries.

    Parameters
    ----------
    boundaries : ndarray of bool, shape (h, w)
        True on boundaries, of any width.

    Returns
    -------
    Network

    Notes
    -----
    Spurs no longer than the boundary is wide there are no boundaries but the roughness of a wide line, and are left
    out of the centre lines. An end within half a width of the field's edge is cut by the edge and not open.

    Examples
    --------
    >>> drawn = np.zeros((40, 40), bool)
    >>> drawn[20, :25] = True
    >>> network = trace_network(drawn)
    >>> network.open_ends.tolist(), network.n_grains
    ([[20, 24]], 1)
    """
    mask = np.asarray(boundaries, dtype=bool)
    if mask.ndim != 2 or not mask.size:
        raise ValueError(f"boundaries must have shape (h, w), got {mask.shape}")
    # Repeated beyond the edge, a boundary that reaches it has its end out there.
    pad = 1 + int(np.ceil(ndimage.distance_transform_edt(np.pad(mask, 1)).max(initial=0)))
    wide = np.pad(mask, pad, mode="edge")
    depth = ndimage.distance_transform_edt(wide)
    skeleton = _prune(skeletonize(wide), np.asarray(depth))
    inside = slice(pad, pad + mask.shape[0]), slice(pad, pad + mask.shape[1])
    degree = _degree(skeleton)
    ends = np.argwhere(skeleton & (degree == 1)) - pad
    is_inside = ((ends >= 0) & (ends < mask.shape)).all(axis=1)
    ends = ends[is_inside]
    reach = np.asarray(depth)[tuple((ends + pad).T)] if len(ends) else np.zeros(0)
    margin = np.minimum(ends, np.array(mask.shape) - 1 - ends).min(axis=1) if len(ends) else np.zeros(0)
    length = _length(skeleton[inside])
    return Network(
        boundaries=mask,
        skeleton=skeleton[inside],
        grains=_grow(mask),
        open_ends=ends[margin > reach].astype(np.int64),
        triple_points=_junctions(skeleton, pad, mask.shape),
        width_px=float(mask.sum() / length) if length else 0.0,
    )


def _grow(boundaries: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Give a number to what the boundaries enclose, and let it grow to the middle of the boundaries."""
    regions, n_regions = ndimage.label(~boundaries, structure=EDGES)
    sizes = np.bincount(regions.ravel(), minlength=n_regions + 1)
    outline = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    is_grain = sizes >= SMALLEST_GRAIN
    # What the field's edge cuts may be small, and part of a grain none the less.
    is_grain[outline] = True
    is_grain[0] = False
    ids = np.where(is_grain, np.cumsum(is_grain), 0).astype(np.int32)
    return np.asarray(expand_labels(ids[regions], distance=sum(boundaries.shape)), dtype=np.int32)


def thickness(mask: NDArray[np.bool_]) -> float:
    """Return the mean distance of a mask's pixels to what is outside; infinite for an empty mask."""
    depth = np.asarray(ndimage.distance_transform_edt(mask))
    return float(depth[mask].mean()) if mask.any() else float("inf")


def _degree(skeleton: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count how many lines leave each pixel: the times its eight neighbours, walked around, turn from off to on."""
    ring = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
    padded = np.pad(skeleton, 1)
    shifted = [
        padded[1 + down : padded.shape[0] - 1 + down, 1 + right : padded.shape[1] - 1 + right] for down, right in ring
    ]
    turns = [~here & after for here, after in zip(shifted, [*shifted[1:], shifted[0]], strict=True)]
    return np.asarray(np.sum(turns, axis=0), dtype=np.int64)


def _prune(skeleton: NDArray[np.bool_], depth: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Remove spurs between an end and a junction that stay inside the width of the line there."""
    kept = skeleton.copy()
    degree = _degree(kept)
    joints = ndimage.binary_dilation(kept & (degree >= 3), structure=np.ones((3, 3), dtype=bool)) & kept
    branches, n_branches = ndimage.label(kept & ~joints, structure=np.ones((3, 3)))
    if not n_branches:
        return kept
    index = np.arange(1, n_branches + 1)
    size = ndimage.sum_labels(np.ones(kept.shape), branches, index)
    n_ends = ndimage.sum_labels(degree == 1, branches, index)
    near = ndimage.grey_dilation(np.where(joints, branches.max() + 1, 0), footprint=np.ones((3, 3))) > 0
    touches = ndimage.sum_labels(near, branches, index) > 0
    depth_at_joint = ndimage.grey_dilation(np.where(joints, depth, 0), footprint=np.ones((5, 5)))
    width = 2 * np.asarray(ndimage.maximum(depth_at_joint, branches, index))
    spurs = index[(n_ends > 0) & touches & (size < width)]
    kept[np.isin(branches, spurs)] = False
    return skeletonize(kept)


def _junctions(skeleton: NDArray[np.bool_], pad: int, shape: tuple[int, ...]) -> NDArray[np.int64]:
    degree = _degree(skeleton)
    clusters, n_clusters = ndimage.label(skeleton & (degree >= 3), structure=np.ones((3, 3)))
    if not n_clusters:
        return np.zeros((0, 2), dtype=np.int64)
    index = np.arange(1, n_clusters + 1)
    centres = np.rint(ndimage.center_of_mass(clusters > 0, clusters, index)).astype(np.int64) - pad
    arms = np.array([_arms(skeleton, clusters, number, box) for number, box in _boxes(clusters)])
    is_inside = ((centres >= 0) & (centres < np.array(shape))).all(axis=1)
    return np.repeat(centres[is_inside], np.maximum(arms[is_inside] - 2, 1), axis=0)


def _boxes(clusters: NDArray[np.int32]) -> list[tuple[int, tuple[slice, slice]]]:
    return list(enumerate(ndimage.find_objects(clusters), start=1))


def _arms(skeleton: NDArray[np.bool_], clusters: NDArray[np.int32], number: int, box: tuple[slice, slice]) -> int:
    """Count the lines that leave a cluster of junction pixels."""
    wider = tuple(slice(max(0, side.start - 1), side.stop + 1) for side in box)
    own = clusters[wider] == number
    ring = ndimage.binary_dilation(own, structure=np.ones((3, 3))) & skeleton[wider] & ~own
    # Arms of a cross touch each other by their corners.
    return int(ndimage.label(ring, structure=EDGES)[1])


def _length(skeleton: NDArray[np.bool_]) -> float:
    """Return the length of one-pixel lines: a step to the side 1, over a corner root 2 where no side step does."""
    sides = (skeleton[:, :-1] & skeleton[:, 1:]).sum() + (skeleton[:-1] & skeleton[1:]).sum()
    falling = skeleton[:-1, :-1] & skeleton[1:, 1:] & ~skeleton[:-1, 1:] & ~skeleton[1:, :-1]
    rising = skeleton[:-1, 1:] & skeleton[1:, :-1] & ~skeleton[:-1, :-1] & ~skeleton[1:, 1:]
    return float(sides + np.sqrt(2) * (falling.sum() + rising.sum()))
