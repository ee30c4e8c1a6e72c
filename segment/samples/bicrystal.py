"""Points of two grains, their boundary and vacancies, whose kinds of neighbourhoods are known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

BULK, BOUNDARY, RING = 0, 1, 2


@dataclass(frozen=True)
class Bicrystal:
    """Points of two grains.

    Attributes
    ----------
    positions : ndarray of float64, shape (n, 2)
        (y, x) in units of the lattice constant, with noise.
    motif : ndarray of intp, shape (n,)
        0 bulk, 1 at the boundary, 2 around a vacancy.
    is_counted : ndarray of bool, shape (n,)
        False for points near the edge of the field, which have half a neighbourhood.
    """

    positions: NDArray[np.float64]
    motif: NDArray[np.intp]
    is_counted: NDArray[np.bool_]


def make_bicrystal(
    *,
    size: float = 64.0,
    misorientation_deg: float = 18.0,
    vacancies: float = 0.012,
    noise: float = 0.05,
    random_state: int = 0,
) -> Bicrystal:
    """Make two grains of a triangular lattice of constant 1 that meet at a straight boundary.

    Parameters
    ----------
    size : float, default 64.0
        Side of the field, in lattice constants; 64 holds some 4,700 points.
    misorientation_deg : float, default 18.0
        Angle between the grains.
    vacancies : float, default 0.012
        Part of the points that is taken out.
    noise : float, default 0.05
        Standard deviation of each coordinate.
    random_state : int, default 0
        Seed.

    Returns
    -------
    Bicrystal
        A point is at the boundary where, without noise and vacancies, its neighbourhood is not six points at a distance
        of 1; it is around a vacancy where it was a neighbour of what was taken out.

    Raises
    ------
    ValueError
        `size` is below 16, or a fraction or the noise is negative.

    Examples
    --------
    >>> crystal = make_bicrystal(size=24, random_state=1)
    >>> sorted(set(crystal.motif.tolist()))
    [0, 1, 2]
    """
    if size < 16 or vacancies < 0 or noise < 0:
        raise ValueError(
            f"size must be at least 16, vacancies and noise not negative, got {size}, {vacancies}, {noise}"
        )
    rng = np.random.default_rng(random_state)
    pieces = []
    for side, sign in ((-1, -1), (1, 1)):
        angle = math.radians(sign * misorientation_deg / 2)
        n = math.ceil(size)
        i, j = np.mgrid[-n : n + 1, -n : n + 1]
        x, y = (i + j / 2).ravel() + rng.uniform(), (j * math.sqrt(3) / 2).ravel() + rng.uniform()
        turned = np.stack(
            [y * math.cos(angle) + x * math.sin(angle), x * math.cos(angle) - y * math.sin(angle)], axis=1
        )
        inside = np.all(np.abs(turned) <= size / 2, axis=1) & (np.sign(turned[:, 1]) == side)
        pieces.append(turned[inside])
    ideal = np.concatenate(pieces)
    # Of two points that are too near across the boundary, one is taken.
    pairs = cKDTree(ideal).query_pairs(0.7, output_type="ndarray")
    ideal = np.delete(ideal, np.unique(pairs[:, 1]), axis=0) if len(pairs) else ideal
    tree = cKDTree(ideal)
    is_whole = np.array([len(near) for near in tree.query_ball_point(ideal, 1.02)]) == 7
    is_whole &= np.array([len(near) for near in tree.query_ball_point(ideal, 1.4)]) == 7
    gone = rng.random(len(ideal)) < vacancies
    ring = np.zeros(len(ideal), dtype=bool)
    for near in tree.query_ball_point(ideal[gone], 1.2):
        ring[near] = True
    motif = np.where(~is_whole, BOUNDARY, np.where(ring, RING, BULK))[~gone]
    kept = ideal[~gone]
    is_counted = np.all(np.abs(kept) <= size / 2 - 3, axis=1)
    return Bicrystal(kept + noise * rng.standard_normal(kept.shape), motif, is_counted)


def _rotation(angle: float) -> NDArray[np.float64]:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
