"""Regions of a label image as polygons along the edges of its pixels: nothing lost, nothing covered twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Region:
    """One connected piece of a phase.

    Attributes
    ----------
    phase : int
        Its label.
    pixels : int
        Its area in pixels.
    rings : tuple of ndarray of int32, shape (n, 2)
        Corners (x, y) in pixels from the image's upper left corner, the first repeated at the end. First the outer
        ring, then its holes. In these numbers the shoelace area of the outer ring is positive, of holes negative.
    """

    phase: int
    pixels: int
    rings: tuple[NDArray[np.int32], ...]


def trace_regions(labels: NDArray[np.uint8]) -> list[Region]:
    """Trace every region of equal labels, connected over pixel edges.

    Parameters
    ----------
    labels : ndarray of uint8, shape (h, w)

    Returns
    -------
    list of Region
        In order of phase, then of first pixel in reading order. Together they cover each pixel exactly once. No ring
        touches itself; a hole may touch its outer ring, or another hole, in single corners.

    Raises
    ------
    ValueError
        If `labels` is not a non-empty 2-D array of uint8.

    Notes
    -----
    O(h w) in arrays, and one step in Python for every corner.

    Examples
    --------
    >>> labels = np.zeros((3, 3), dtype=np.uint8)
    >>> labels[1, 1] = 1
    >>> [(region.phase, region.pixels, len(region.rings)) for region in trace_regions(labels)]
    [(0, 8, 2), (1, 1, 1)]
    """
    if labels.ndim != 2 or labels.dtype != np.uint8 or not labels.size:
        raise ValueError(f"labels must be a non-empty uint8 array of shape (h, w), got {labels.dtype} {labels.shape}")
    pieces, phases = _connected(labels)
    sizes = np.bincount(pieces.ravel(), minlength=len(phases)).tolist()
    rings: list[list[NDArray[np.int32]]] = [[] for _ in phases]
    for piece, ring in _trace(pieces):
        rings[piece].append(ring)
    return [Region(phase, size, tuple(found)) for phase, size, found in zip(phases, sizes, rings, strict=True)]


def _connected(labels: NDArray[np.uint8]) -> tuple[NDArray[np.int32], list[int]]:
    """Return the number of the piece that each pixel is of, connected over pixel edges, and the phase of each piece."""
    # Slow to load, and few exports want it.
    from scipy import ndimage

    pieces = np.zeros(labels.shape, dtype=np.int32)
    phases: list[int] = []
    for phase in np.unique(labels).tolist():
        mask = labels == phase
        numbered = np.zeros(labels.shape, dtype=np.int32)
        count = int(ndimage.label(mask, output=numbered))  # pyright: ignore[reportArgumentType]
        pieces[mask] = numbered[mask] + (len(phases) - 1)
        phases += [phase] * count
    return pieces, phases


def _trace(pieces: NDArray[np.int32]) -> list[tuple[int, NDArray[np.int32]]]:
    """Return the piece and the corners of every ring, the outer ring of a piece before its holes."""
    around = np.pad(pieces, 1, constant_values=-1)
    # At each corner, for the ways right, down, left and up: y points down, and a piece lies to the right of its way.
    ahead_right = np.stack([around[1:, 1:], around[1:, :-1], around[:-1, :-1], around[:-1, 1:]])
    ahead_left, behind_right = np.roll(ahead_right, 1, axis=0), np.roll(ahead_right, -1, axis=0)
    behind_left = np.roll(ahead_right, 2, axis=0)
    is_edge = (behind_right != behind_left) & (behind_right >= 0)
    # The left turn comes first: where a piece meets itself at a corner only, ring and hole part there.
    turn = np.where(ahead_left == behind_right, -1, np.where(ahead_right == behind_right, 0, 1))
    arriving, y, x = np.nonzero(is_edge & (turn != 0))
    following = _following(arriving, (arriving + turn[arriving, y, x]) % 4, y, x, around.shape)
    # Turns are in order of direction, then from the top: a piece's first is on the upper edge of its outer ring.
    order, starts = _cycles(following.tolist())
    corners = np.stack([x, y], axis=1).astype(np.int32)[order]
    owners = behind_right[arriving, y, x][order[starts]].tolist()
    ends = [*starts[1:].tolist(), len(order)]
    return [
        (owner, np.concatenate([corners[start:end], corners[start : start + 1]]))
        for owner, start, end in zip(owners, starts.tolist(), ends, strict=True)
    ]


def _following(
    arriving: NDArray[np.int64],
    leaving: NDArray[np.int64],
    y: NDArray[np.int64],
    x: NDArray[np.int64],
    shape: tuple[int, ...],
) -> NDArray[np.int64]:
    """Return, for every turn, the index of the next turn on the way that leaves it."""
    following = np.empty(len(arriving), dtype=np.int64)
    for direction in range(4):
        # Along rows or along columns, turns of one direction lie in the order in which they are met.
        place = y * shape[1] + x if direction % 2 == 0 else x * shape[0] + y
        turns = np.flatnonzero(arriving == direction)
        turns = turns[np.argsort(place[turns], kind="stable")]
        out = np.flatnonzero(leaving == direction)
        if direction < 2:
            met = np.searchsorted(place[turns], place[out], side="right")
        else:
            met = np.searchsorted(place[turns], place[out], side="left") - 1
        following[out] = turns[met]
    return following


def _cycles(following: list[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all indices cycle by cycle, each begun at its lowest, and where in that list each cycle begins."""
    is_new = bytearray(b"\1") * len(following)
    order: list[int] = []
    starts: list[int] = []
    for first in range(len(following)):
        if not is_new[first]:
            continue
        starts.append(len(order))
        index = first
        while is_new[index]:
            is_new[index] = 0
            order.append(index)
            index = following[index]
    return np.array(order, dtype=np.int64), np.array(starts, dtype=np.int64)
