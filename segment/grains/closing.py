"""Open boundaries closed: each open end led on to the next boundary, where that is near and straight ahead."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.draw import line

from segment.grains.network import trace_network
from segment.records import Network

# Pixels of the branch that its direction is taken from, and how far to the side the way on may turn.
TAIL_PX = 8
WIDEST_TURN_DEG = 60.0


@dataclass(frozen=True)
class ClosedNetwork:
    """A network after open ends were bridged.

    Attributes
    ----------
    network : Network
        With the bridges in its boundaries; its open ends are those that remain.
    bridges : ndarray of int64, shape (n, 4)
        Row and column of both ends of each bridge.
    """

    network: Network
    bridges: NDArray[np.int64]


def close_network(boundaries: NDArray[np.bool_], *, reach_px: float | None = None) -> ClosedNetwork:
    """Bridge open ends of boundaries to the nearest boundary ahead.

    Parameters
    ----------
    boundaries : ndarray of bool, shape (h, w)
        True on boundaries.
    reach_px : float, optional
        Longest bridge. None: half of the mean distance between boundaries, ``h w / (2 L)`` with L their length: a gap
        longer than that is as likely a grain as a gap.

    Returns
    -------
    ClosedNetwork

    Raises
    ------
    ValueError
        If the reach is negative or the mask no image.

    Examples
    --------
    >>> drawn = np.zeros((60, 60), bool)
    >>> drawn[30] = True
    >>> drawn[30, 28:32] = False
    >>> closed = close_network(drawn, reach_px=8)
    >>> len(closed.bridges), len(closed.network.open_ends), closed.network.n_grains
    (1, 0, 2)
    """
    network = trace_network(boundaries)
    length = float(network.skeleton.sum())
    if reach_px is None:
        reach_px = network.skeleton.size / (2 * length) if length else 0.0
    if not 0 <= reach_px < math.inf:
        raise ValueError(f"reach_px must not be negative, got {reach_px}")
    mask, bridges = network.boundaries.copy(), []
    half = max(0, round((network.width_px - 1) / 2))
    for end in network.open_ends:
        target = _ahead(end, network.skeleton, mask, reach_px)
        if target is None:
            continue
        rows, columns = line(int(end[0]), int(end[1]), int(target[0]), int(target[1]))
        mask[rows, columns] = True
        for shift in range(1, half + 1):
            mask[np.minimum(rows + shift, mask.shape[0] - 1), columns] = True
            mask[rows, np.minimum(columns + shift, mask.shape[1] - 1)] = True
        bridges.append((*end.tolist(), *target.tolist()))
    # One gap has two ends: a bridge from the second to a pixel of the first adds nothing.
    kept = _unique(np.array(bridges, dtype=np.int64).reshape(-1, 4))
    return ClosedNetwork(trace_network(mask) if bridges else network, kept)


def _ahead(
    end: NDArray[np.int64], skeleton: NDArray[np.bool_], mask: NDArray[np.bool_], reach: float
) -> NDArray[np.int64] | None:
    """Return the nearest pixel of another line, or of the field's edge, in a cone ahead of an open end."""
    window = int(math.ceil(max(reach, TAIL_PX))) + 1
    top, left = max(0, end[0] - window), max(0, end[1] - window)
    part = skeleton[top : end[0] + window + 1, left : end[1] + window + 1]
    here = end - np.array([top, left])
    labels, _ = ndimage.label(part, structure=np.ones((3, 3)))
    own = np.argwhere(labels == labels[tuple(here)])
    distance = np.hypot(*(own - here).T)
    tail = own[(distance > 0) & (distance <= TAIL_PX)]
    if not len(tail):
        return None
    ahead = (here - tail.mean(axis=0)).astype(np.float64)
    ahead /= np.hypot(*ahead) or 1.0
    rows, columns = np.nonzero(part)
    points = np.stack([rows, columns], axis=1)
    # The field's edge closes a network too.
    offsets = np.concatenate([points - here, _edges(end, skeleton.shape)])
    size = np.hypot(*offsets.T)
    is_near = (size > 1.5) & (size <= reach)
    cosine = (offsets @ ahead) / np.maximum(size, 1e-9)
    is_near &= cosine >= math.cos(math.radians(WIDEST_TURN_DEG))
    if not is_near.any():
        return None
    # Straight ahead counts as nearer than aside.
    cost = np.where(is_near, size * (2 - cosine), np.inf)
    return (end + offsets[int(cost.argmin())]).astype(np.int64)


def _edges(end: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.int64]:
    row, column = int(end[0]), int(end[1])
    return np.array([[-row, 0], [shape[0] - 1 - row, 0], [0, -column], [0, shape[1] - 1 - column]], dtype=np.int64)


def _unique(bridges: NDArray[np.int64]) -> NDArray[np.int64]:
    kept: list[NDArray[np.int64]] = []
    for bridge in bridges:
        back = np.concatenate([bridge[2:], bridge[:2]])
        if not any(np.abs(other - back).max() <= 2 for other in kept):
            kept.append(bridge)
    return np.array(kept, dtype=np.int64).reshape(-1, 4)
