"""Fields of objects with planted anomalies, and stringers drawn with known gaps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# An empty disc about an isolated object, in the area that one object has on average, and the crowd of a cluster.
EMPTY_DISC, CLUSTER_SIZE, CLUSTER_SPREAD = 10.0, 25, 40.0
MOST_TRIES = 10_000


@dataclass(frozen=True)
class PlantedField:
    """Objects of a field, some of which were planted.

    Attributes
    ----------
    positions : ndarray of float64, shape (n, 2)
        Row and column of each object.
    areas : ndarray of float64, shape (n,)
        Area of each in square pixels.
    is_planted : ndarray of bool, shape (n,)
    shape : (int, int)
        Height and width in pixels.
    """

    positions: NDArray[np.float64]
    areas: NDArray[np.float64]
    is_planted: NDArray[np.bool_]
    shape: tuple[int, int]


def plant_anomalies(
    kind: str, *, n: int = 1200, n_planted: int = 12, shape: tuple[int, int] = (2535, 3416), seed: int = 0
) -> PlantedField:
    """Scatter objects at random and plant some that are isolated, huge or crowded.

    Parameters
    ----------
    kind : {"none", "isolated", "huge", "clusters"}
        Nothing; objects of ordinary size, each alone in a disc that ten would share; objects five times as wide among
        the others; three clusters of 25 with a standard deviation of 40 pixels, whatever `n_planted`.
    n : int, default 1200
        Objects scattered at random.
    n_planted : int, default 12
    shape : (int, int), default (2535, 3416)
        Height and width in pixels.
    seed : int, default 0
        Same arguments, same numbers.

    Returns
    -------
    PlantedField
        Areas are log-normal, of no relation to the places.

    Raises
    ------
    ValueError
        If the kind is unknown, or the discs do not fit.

    Examples
    --------
    >>> int(plant_anomalies("clusters", n=100).is_planted.sum())
    75
    """
    kinds = ("none", "isolated", "huge", "clusters")
    if kind not in kinds:
        raise ValueError(f"kind must be one of {', '.join(map(repr, kinds))}, got {kind!r}")
    rng = np.random.default_rng([seed, *kind.encode()])
    side = np.array(shape, dtype=np.float64)
    positions = rng.uniform(0, side, (n, 2))
    planted = np.zeros((0, 2))
    if kind == "isolated":
        reach = math.sqrt(EMPTY_DISC * side.prod() / (math.pi * n))
        planted = _apart(n_planted, 2 * reach, reach, side, rng)
        gaps = np.hypot(*(positions[:, None] - planted[None]).transpose(2, 0, 1)).min(axis=1, initial=np.inf)
        positions = positions[gaps > reach]
    elif kind == "huge":
        planted = rng.uniform(0, side, (n_planted, 2))
    elif kind == "clusters":
        middles = _apart(3, 8 * CLUSTER_SPREAD, 4 * CLUSTER_SPREAD, side, rng)
        planted = np.repeat(middles, CLUSTER_SIZE, axis=0) + rng.normal(0, CLUSTER_SPREAD, (3 * CLUSTER_SIZE, 2))
    whole = np.clip(np.vstack([positions, planted]), 0, side)
    areas = np.exp(rng.normal(5, 1, len(whole)))
    is_planted = np.arange(len(whole)) >= len(positions)
    if kind == "huge":
        areas[is_planted] = 25 * np.exp(rng.normal(5, 0.3, n_planted))
    return PlantedField(whole, areas, is_planted, shape)


def draw_stringers(
    gaps_um: tuple[float, ...],
    offsets_um: tuple[float, ...],
    *,
    pixel_size_um: float = 1.0,
    length_um: float = 60.0,
    width_um: float = 4.0,
) -> NDArray[np.bool_]:
    """Draw inclusions one after the other along the columns, with known gaps between their ends and sideways offsets.

    Parameters
    ----------
    gaps_um : tuple of float
        Gap after each inclusion but the last, in micrometres.
    offsets_um : tuple of float
        How far each following inclusion is moved sideways from the one before, middle to middle; one a gap.
    pixel_size_um : float, default 1.0
    length_um, width_um : float
        Of each inclusion; 60 and 4.

    Returns
    -------
    ndarray of bool, shape (h, w)
        True on inclusions; rounded to whole pixels.

    Raises
    ------
    ValueError
        If there is not one offset a gap.

    Examples
    --------
    >>> draw_stringers((40.0,), (0.0,)).sum()
    np.int64(480)
    """
    if len(gaps_um) != len(offsets_um):
        raise ValueError(f"gaps_um and offsets_um need one number a gap each, got {len(gaps_um)} and {len(offsets_um)}")
    tops, lefts = [20.0], [0.0]
    for gap, offset in zip(gaps_um, offsets_um, strict=True):
        tops.append(tops[-1] + length_um + gap)
        lefts.append(lefts[-1] + offset)
    start = min(lefts) - 20
    height, width = tops[-1] + length_um + 20, max(lefts) + width_um + 20 - start
    field = np.zeros((round(height / pixel_size_um), round(width / pixel_size_um)), dtype=bool)
    for top, left in zip(tops, lefts, strict=True):
        row, column = round(top / pixel_size_um), round((left - start) / pixel_size_um)
        field[row : row + round(length_um / pixel_size_um), column : column + round(width_um / pixel_size_um)] = True
    return field


def _apart(
    n: int, distance: float, margin: float, side: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    found: list[NDArray[np.float64]] = []
    for _ in range(MOST_TRIES):
        if len(found) == n:
            return np.array(found)
        point = rng.uniform(margin, np.maximum(side - margin, margin))
        if all(np.hypot(*(point - other)) > distance for other in found):
            found.append(point)
    raise ValueError(f"a field of {side[0]:g} x {side[1]:g} has no room for {n} planted places")
