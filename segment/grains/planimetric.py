"""Grains counted in a test area: Saltykov's rectangle, Jeffries' circle, triple points."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segment.grains.network import trace_network
from segment.records import GrainCount, Network

# Fraction of grains that open ends may hide before the count is worth nothing: the relative accuracy that E112 accepts.
MOST_HIDDEN = 0.10


class OpenNetworkError(ValueError):
    """Grains cannot be counted: the boundaries do not enclose them."""


def count_grains(
    field: Network | NDArray[np.integer] | NDArray[np.bool_], *, method: str = "saltykov", smallest_px: int = 10
) -> GrainCount:
    """Count the grains in the test area of one field.

    Parameters
    ----------
    field : Network, or ndarray of bool or int, shape (h, w)
        Boundaries as a network, or True on boundaries; integers are ids of grains, 0 on boundaries, if any.
    method : {"saltykov", "jeffries", "triple_points"}, default "saltykov"
        The whole field, ``N_in + N_edge / 2 + N_corner / 4``; the largest circle in it, ``N_in + N_cut / 2``; or
        junctions in the field, two a grain.
    smallest_px : int, default 10
        Regions of fewer pixels are corners of digital boundaries and no grains.

    Returns
    -------
    GrainCount

    Raises
    ------
    OpenNetworkError
        If more boundaries end inside the field than a tenth of its grains; the message states both numbers.
    ValueError
        If the method is unknown.

    Notes
    -----
    Every open end, followed to the next boundary, parts one grain in two. With n open ends and N regions the count may
    be low by n; above a tenth of N that exceeds the relative accuracy of 10 % which E112 accepts.

    References
    ----------
    ASTM E112, the planimetric procedures; S. A. Saltykov, "Stereometric Metallography", 1958.

    Examples
    --------
    >>> labels = np.kron(np.arange(1, 10).reshape(3, 3), np.ones((10, 10), int))
    >>> count_grains(labels).equivalent
    4.0
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}, got {method!r}")
    regions = _closed_grains(field)
    sizes = np.bincount(regions.ravel())
    is_grain = sizes >= smallest_px
    # What the outline cuts may be small, and part of a grain none the less.
    is_grain[np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])] = True
    is_grain[0] = False
    return METHODS[method](regions, is_grain)


def check_closed(network: Network) -> None:
    """Raise where so many boundaries end inside the field that its regions are not grains.

    Parameters
    ----------
    network : Network

    Raises
    ------
    OpenNetworkError
        If open ends exceed a tenth of the regions.

    Examples
    --------
    >>> drawn = np.zeros((40, 40), bool)
    >>> drawn[20, :25] = True
    >>> check_closed(trace_network(drawn))
    Traceback (most recent call last):
        ...
    segment.grains.planimetric.OpenNetworkError: the boundaries are an open network: 1 open end ...
    """
    n_ends, n_grains = len(network.open_ends), network.n_grains
    if n_ends > MOST_HIDDEN * n_grains:
        raise OpenNetworkError(
            f"the boundaries are an open network: {n_ends} open end{'' if n_ends == 1 else 's'} inside the field, and "
            f"{n_grains} region{'' if n_grains == 1 else 's'}; each may have joined two grains. "
            "Close them, or measure by intercepts, which need no closed grains"
        )


def _closed_grains(field: Network | NDArray[np.integer] | NDArray[np.bool_]) -> NDArray[np.int32]:
    if not isinstance(field, Network):
        array = np.asarray(field)
        if array.ndim != 2 or not array.size:
            raise ValueError(f"field must have shape (h, w), got {array.shape}")
        if array.dtype != bool:
            return _connected(array.astype(np.int64))
        field = trace_network(array.astype(bool))
    check_closed(field)
    return field.grains


def _connected(ids: NDArray[np.integer]) -> NDArray[np.int32]:
    """Give numbers from 1 to the connected regions of equal id; 0 stays 0."""
    from skimage.measure import label

    return np.asarray(label(ids, background=0, connectivity=1), dtype=np.int32)


def _label_junctions(regions: NDArray[np.int32]) -> int:
    """Count corners between pixels where three regions meet, one where four do twice."""
    corners = np.stack([regions[:-1, :-1], regions[:-1, 1:], regions[1:, :-1], regions[1:, 1:]])
    corners = np.sort(corners.reshape(4, -1), axis=0)
    n_ids = 1 + (np.diff(corners, axis=0) != 0).sum(axis=0) - (corners[0] == 0)
    return int((n_ids == 3).sum() + 2 * (n_ids == 4).sum())


def _saltykov(regions: NDArray[np.int32], is_grain: NDArray[np.bool_]) -> GrainCount:
    height, width = regions.shape
    corners = {int(regions[row, column]) for row in (0, -1) for column in (0, -1)}
    outline = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    on_edge = np.zeros(len(is_grain), dtype=bool)
    on_edge[outline] = True
    at_corner = np.zeros(len(is_grain), dtype=bool)
    at_corner[list(corners)] = True
    at_corner[0] = False
    inside = int((is_grain & ~on_edge).sum())
    edge = int((is_grain & on_edge & ~at_corner).sum())
    # The four corners are worth one grain, whether four grains hold them or one.
    return GrainCount("saltykov", inside, edge, 4, inside + edge / 2 + 1.0, float(height * width))


def _jeffries(regions: NDArray[np.int32], is_grain: NDArray[np.bool_]) -> GrainCount:
    height, width = regions.shape
    radius = min(height, width) / 2
    rows, columns = np.ogrid[:height, :width]
    inside_circle = np.hypot(rows + 0.5 - height / 2, columns + 0.5 - width / 2) < radius
    rim = inside_circle & ~np.asarray(ndimage.binary_erosion(inside_circle, border_value=0))
    meets = np.bincount(regions[inside_circle], minlength=len(is_grain)) > 0
    outside = np.bincount(regions[~inside_circle], minlength=len(is_grain)) > 0
    on_rim = np.bincount(regions[rim], minlength=len(is_grain)) > 0
    cut = int((is_grain & meets & (outside | on_rim)).sum())
    inside = int((is_grain & meets & ~(outside | on_rim)).sum())
    return GrainCount("jeffries", inside, cut, 0, inside + cut / 2, math.pi * radius**2)


def _triple_points(regions: NDArray[np.int32], is_grain: NDArray[np.bool_]) -> GrainCount:
    height, width = regions.shape
    junctions = _label_junctions(regions)
    return GrainCount("triple_points", junctions, 0, 0, junctions / 2, float(height * width))


METHODS: dict[str, Callable[[NDArray[np.int32], NDArray[np.bool_]], GrainCount]] = {
    "saltykov": _saltykov,
    "jeffries": _jeffries,
    "triple_points": _triple_points,
}
