"""One row of measures for each object of a label image."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segment.objects.find import edge_of
from segment.objects.hulls import measure_hulls
from segment.records import Objects, Table

# Length by the Cauchy-Crofton formula with four directions: what each pattern of a 2 x 2 window adds, in pixels. Bits:
# 1 upper left, 2 lower left, 4 upper right, 8 lower right.
_STRAIGHT, _DIAGONAL = np.pi / 4, np.pi / (4 * np.sqrt(2))
CROFTON = np.zeros(16)
CROFTON[[1, 5]] = _STRAIGHT + _DIAGONAL
CROFTON[[2, 7, 10, 11]] = _DIAGONAL
CROFTON[3] = 2 * _DIAGONAL
CROFTON[[8, 12]] = _STRAIGHT
CROFTON[[9, 13]] = 2 * _STRAIGHT
# Places of a field that are enough to say how much of it a rectangle fits in.
PLACES = 2**18


def measure_objects(
    labels: NDArray[np.integer],
    image: NDArray[np.floating] | None = None,
    *,
    pixel_size_um: float | None = None,
    shape: bool = True,
    valid: NDArray[np.bool_] | None = None,
) -> Objects:
    """Measure every object of a label image.

    Parameters
    ----------
    labels : ndarray of int, shape (h, w)
        Object ids; 0 is background. The pixels of an id are one object, connected or not.
    image : ndarray of float, shape (h, w), optional
        Grey levels, for their statistics.
    pixel_size_um : float, optional
        Edge of a pixel in micrometres; with it, every length and area has a column in micrometres too.
    shape : bool, default True
        Whether perimeter, Feret diameters and what follows from them are measured, which takes most of the time.
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all. The others are the edge of the field, and part of no object.

    Returns
    -------
    Objects
        Its table has, in pixels (``_px``) and where calibrated in micrometres (``_um``, ``_um2``):

        - ``label``: the id;
        - ``y``, ``x``: centre of mass, from the centre of the image's first pixel;
        - ``area``; ``diameter``: of the circle of equal area, 2 sqrt(A / pi);
        - ``major``, ``minor``: axes of the ellipse of equal second moments; ``aspect``: their ratio, at least 1;
          ``orientation_deg``: of the major axis, above -90 to 90, from the x axis anticlockwise as seen;
        - ``touches_edge``: whether a pixel lies on the image's edge; ``edge_weight``: 1 / p with
          p = (1 - w / W)(1 - h / H), the probability that an object of width w and height h lies wholly in an image of
          W x H, 0 for those that touch the edge: sums with this weight are free of the edge's bias [1]_. Of a field of
          another form p is the fraction of it in which a rectangle of w x h may begin and be wholly inside;
        - with `shape`: ``perimeter``, by the Cauchy-Crofton formula in four directions; ``feret_max``, ``feret_min``:
          largest and smallest distance of parallel tangents to the object's pixels; ``circularity``:
          4 pi A / P^2, at most 1; ``roundness``: 4 A / (pi feret_max^2); ``solidity``: area over that of the convex
          hull;
        - with `image`: ``grey_mean``, ``grey_std``, ``grey_min``, ``grey_max``.

    Raises
    ------
    ValueError
        If `labels` is not a 2-D array of integers from 0, `image` or `valid` has another shape, or `pixel_size_um` is
        not positive.

    Notes
    -----
    O(h w) in arrays, and with `shape` one convex hull for each object. The same bits for any number of threads.

    References
    ----------
    .. [1] R. E. Miles, "On the elimination of edge effects in planar sampling", in Stochastic Geometry, 1974; ISO
       13322-1:2014, 8.3.

    Examples
    --------
    >>> labels = np.zeros((10, 20), dtype=np.int32)
    >>> labels[2:6, 3:11] = 1
    >>> table = measure_objects(labels, pixel_size_um=0.5).table
    >>> table["area_px"].tolist(), table["area_um2"].tolist(), table["feret_min_px"].tolist()
    ([32.0], [8.0], [4.0])
    """
    labels = check_labels(labels)
    if image is not None and image.shape != labels.shape:
        raise ValueError(f"image must have the shape of labels, {labels.shape}, got {image.shape}")
    if pixel_size_um is not None and not (np.isfinite(pixel_size_um) and pixel_size_um > 0):
        raise ValueError(f"pixel_size_um must be a positive number of micrometres, got {pixel_size_um!r}")
    if valid is not None:
        if valid.shape != labels.shape:
            raise ValueError(f"valid must have the shape of labels, {labels.shape}, got {valid.shape}")
        valid = None if valid.all() else valid
        labels = labels if valid is None else np.where(valid, labels, np.int32(0)).astype(np.int32)
    y, x = np.nonzero(labels)
    ids, members = np.unique(labels[y, x], return_inverse=True)
    columns: dict[str, NDArray[Any]] = {"label": ids.astype(np.int64)}
    columns |= _moments(members, y, x, len(ids))
    columns |= _edges(members, y, x, len(ids), labels.shape, valid)
    if shape:
        columns |= _shapes(labels, members, y, x, ids, columns["area_px"])
    if image is not None:
        columns |= _greys(members, image[y, x].astype(np.float64), len(ids))
    return Objects(labels, Table(_with_micrometres(columns, pixel_size_um)), pixel_size_um)


def check_labels(labels: NDArray[np.integer]) -> NDArray[np.int32]:
    """Return the labels as int32, or raise ValueError where they are no label image."""
    labels = np.asarray(labels)
    if labels.ndim != 2 or labels.dtype.kind not in "iub" or not labels.size:
        raise ValueError(f"labels must be a non-empty array of int, shape (h, w), got {labels.dtype} {labels.shape}")
    if int(labels.min()) < 0 or int(labels.max()) > np.iinfo(np.int32).max:
        raise ValueError(f"labels must be ids from 0 to 2^31 - 1, got {labels.min()} to {labels.max()}")
    return labels.astype(np.int32, copy=False)


def _moments(
    members: NDArray[np.intp], y: NDArray[np.intp], x: NDArray[np.intp], n: int
) -> dict[str, NDArray[np.float64]]:
    """Return place, area and ellipse; sums are taken about the first pixel of each object, which keeps them exact."""
    area = np.bincount(members, minlength=n).astype(np.float64)
    first = np.full(n, -1, dtype=np.intp)
    first[members[::-1]] = np.arange(len(members))[::-1]
    dy, dx = (y - y[first][members]).astype(np.float64), (x - x[first][members]).astype(np.float64)
    my, mx = (np.bincount(members, values, minlength=n) / area for values in (dy, dx))
    # A pixel is a square: its own second moment is 1 / 12.
    vy = np.bincount(members, dy * dy, minlength=n) / area - my * my + 1 / 12
    vx = np.bincount(members, dx * dx, minlength=n) / area - mx * mx + 1 / 12
    vxy = np.bincount(members, dx * dy, minlength=n) / area - mx * my
    half, root = (vx + vy) / 2, np.sqrt(((vx - vy) / 2) ** 2 + vxy**2)
    major, minor = 4 * np.sqrt(half + root), 4 * np.sqrt(np.maximum(half - root, 1 / 12))
    angle = np.degrees(0.5 * np.arctan2(-2 * vxy, vx - vy))
    return {
        "y_px": y[first] + my,
        "x_px": x[first] + mx,
        "area_px": area,
        "diameter_px": 2 * np.sqrt(area / np.pi),
        "major_px": major,
        "minor_px": minor,
        "aspect": major / minor,
        "orientation_deg": np.where(angle <= -90, angle + 180, angle),
    }


def _edges(
    members: NDArray[np.intp],
    y: NDArray[np.intp],
    x: NDArray[np.intp],
    n: int,
    shape: tuple[int, ...],
    valid: NDArray[np.bool_] | None,
) -> dict[str, NDArray[Any]]:
    touches = np.zeros(n, dtype=bool)
    sides = []
    for place, length in ((y, shape[0]), (x, shape[1])):
        lowest, highest = np.full(n, length), np.full(n, -1)
        np.minimum.at(lowest, members, place)
        np.maximum.at(highest, members, place)
        touches |= (lowest == 0) | (highest == length - 1)
        sides.append(highest - lowest + 1)
    if valid is None:
        inside = np.prod([1 - side / length for side, length in zip(sides, shape, strict=True)], axis=0)
    else:
        touches[members[edge_of(shape, valid)[y, x]]] = True
        inside = _share_that_fits(valid, *sides)
    return {"touches_edge": touches, "edge_weight": np.where(touches, 0.0, 1 / np.where(touches, 1.0, inside))}


def _share_that_fits(
    valid: NDArray[np.bool_], heights: NDArray[np.int64], widths: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return for each rectangle the fraction of the valid pixels at which it may begin and hold valid pixels only."""
    missing = np.pad(np.cumsum(np.cumsum(~valid, axis=0), axis=1), ((1, 0), (1, 0)))
    step = max(1, math.ceil((valid.size / PLACES) ** 0.5))
    begin = np.argwhere(valid[::step, ::step]) * step
    found = np.zeros(len(heights))
    sizes, which = np.unique(np.stack([heights, widths], axis=1), axis=0, return_inverse=True)
    for number, (height, width) in enumerate(sizes.tolist()):
        # One more than the object either way: it must not touch the edge.
        inside = begin[(begin[:, 0] + height < valid.shape[0]) & (begin[:, 1] + width < valid.shape[1])]
        top, left = inside.T
        bottom, right = top + height + 1, left + width + 1
        excluded = missing[bottom, right] - missing[top, right] - missing[bottom, left] + missing[top, left]
        found[which.ravel() == number] = np.count_nonzero(excluded == 0) / len(begin)
    return np.maximum(found, 1 / len(begin))


def _shapes(
    labels: NDArray[np.int32],
    members: NDArray[np.intp],
    y: NDArray[np.intp],
    x: NDArray[np.intp],
    ids: NDArray[np.int32],
    area: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    perimeter = crofton_perimeters(labels, ids)
    largest, smallest, hull = measure_hulls(members, y, x, len(ids))
    return {
        "perimeter_px": perimeter,
        "feret_max_px": largest,
        "feret_min_px": smallest,
        "circularity": np.minimum(1.0, 4 * np.pi * area / perimeter**2),
        "roundness": 4 * area / (np.pi * largest**2),
        "solidity": area / hull,
    }


def crofton_perimeters(labels: NDArray[np.int32], ids: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the perimeter of each object in pixels, as ``skimage.measure.perimeter_crofton`` gives for it alone."""
    around = np.pad(labels, 1)
    corners = np.stack([around[:-1, :-1], around[1:, :-1], around[:-1, 1:], around[1:, 1:]]).reshape(4, -1)
    corners = corners[:, (corners != corners[0]).any(axis=0)]
    total = np.zeros(len(ids))
    for index, corner in enumerate(corners):
        # Each object of a window is counted once, at the first corner that it has.
        is_first = (corner > 0) & (corners[:index] != corner).all(axis=0)
        chosen = corners[:, is_first]
        pattern = ((chosen == corner[is_first]) << np.arange(4)[:, None]).sum(axis=0)
        total += np.bincount(np.searchsorted(ids, corner[is_first]), CROFTON[pattern], minlength=len(ids))
    return total


def _greys(members: NDArray[np.intp], grey: NDArray[np.float64], n: int) -> dict[str, NDArray[np.float64]]:
    area = np.bincount(members, minlength=n)
    mean = np.bincount(members, grey, minlength=n) / area
    deviation = np.sqrt(np.bincount(members, (grey - mean[members]) ** 2, minlength=n) / area)
    lowest, highest = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(lowest, members, grey)
    np.maximum.at(highest, members, grey)
    return {"grey_mean": mean, "grey_std": deviation, "grey_min": lowest, "grey_max": highest}


def _with_micrometres(columns: dict[str, NDArray[Any]], edge: float | None) -> dict[str, NDArray[Any]]:
    """Return the columns with, beside each in pixels, one in micrometres where the size of a pixel is known."""
    if edge is None:
        return columns
    both: dict[str, NDArray[Any]] = {}
    for name, column in columns.items():
        both[name] = column
        if name == "area_px":
            both["area_um2"] = column * edge**2
        elif name.endswith("_px"):
            both[f"{name.removesuffix('_px')}_um"] = column * edge
    return both
