"""Isolation, crowding and size of objects: three scores, each with a p-value from random fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from scipy.special import gammainc, gammaincc

from segment.records import AnomalyScores

# An empty place shows in the nearest neighbour, or the second where two are isolated together; a crowd in farther ones.
# Farther neighbours blur isolation: objects at the rim of an empty place have few of those too.
NEIGHBOURS = (1, 2)
CROWD = (3, 5, 8, 13)
NULL_VALUES, MOST_FIELDS = 20_000, 200
LEAST = 1e-300
NODES = 48


def score_positions(
    positions: ArrayLike,
    areas: ArrayLike,
    shape: tuple[float, float],
    *,
    reference_areas: ArrayLike | None = None,
    seed: int = 0,
    valid: NDArray[np.bool_] | None = None,
) -> AnomalyScores:
    """Score how isolated, how crowded and how large each object of a field is.

    Parameters
    ----------
    positions : array_like of float, shape (n, 2)
        Row and column of each object.
    areas : array_like of float, shape (n,)
        Area of each, positive.
    shape : (float, float)
        Height and width of the field, in the unit of the positions.
    reference_areas : array_like of float, shape (m,), optional
        Areas that sizes are compared with, e.g. of a whole set of images; None: `areas`.
    seed : int, default 0
        Of the random fields.
    valid : ndarray of bool, optional
        Which parts of the field count, in equal rows and columns; None: all. Discs are cut by the others as by the
        edges, and random positions lie elsewhere.

    Returns
    -------
    AnomalyScores

    Raises
    ------
    ValueError
        If the arrays do not fit, a position is outside the field, or an area is not positive.

    Notes
    -----
    For random positions of density lambda the area A_k of the disc that just reaches the k-th neighbour, cut by the
    field's edges, has ``lambda A_k`` from a gamma distribution of shape k. Isolation takes the smallest upper tail over
    k = 1 and 2, crowding the smallest lower tail over k = 3, 5, 8, 13. The p-values are the ranks of these among
    those of random fields with as many objects, 20,000 values or 200 fields of them, so that one in twenty objects of a
    random field has p <= .05. Fewer than four objects say nothing of crowding, one nothing of either: p is 1 then.

    References
    ----------
    P. J. Clark and F. C. Evans, "Distance to nearest neighbor as a measure of spatial relationships in populations",
    doi 10.2307/1931034.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> positions = np.vstack([rng.uniform(0, [100, 60], (200, 2)), [[50, 90]]])
    >>> scores = score_positions(positions, np.ones(201), (100, 100))
    >>> int(scores.isolation.argmax()), bool(scores.isolation_p[200] < 0.001)
    (200, True)
    """
    where, area = _checked(positions, areas, shape)
    compared = area if reference_areas is None else np.asarray(reference_areas, dtype=np.float64)
    if compared.ndim != 1 or (len(area) and not len(compared)):
        raise ValueError(f"reference_areas must hold at least one area, got shape {compared.shape}")
    first, size, valid = bound(shape, valid)
    where, field = where - first, _Field.of(size, valid)
    isolation, crowding = _tails(where, field)
    n = len(where)
    null_isolation, null_crowding = [], []
    rng = np.random.default_rng(seed)
    for _ in range(0 if n < 2 else min(MOST_FIELDS, -(-NULL_VALUES // n))):
        drawn = _tails(field.draw(rng, n), field)
        null_isolation.append(drawn[0])
        null_crowding.append(drawn[1])
    return AnomalyScores(
        isolation=isolation,
        crowding=crowding,
        size=area / np.median(compared) if n else area,
        isolation_p=_rank(isolation, null_isolation),
        crowding_p=_rank(crowding, null_crowding),
        size_p=_share_as_large(area, compared),
    )


def bound(
    shape: tuple[float, float], valid: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float64], tuple[float, float], NDArray[np.bool_] | None]:
    """Return the first corner and the size of the rectangle around what counts, and what of it does; None: all.

    Parameters
    ----------
    shape : (float, float)
        Height and width of the field.
    valid : ndarray of bool, or None
        Which parts of the field count, in equal rows and columns; None: all.

    Returns
    -------
    first : ndarray of float64, shape (2,)
    size : (float, float)
    valid : ndarray of bool, or None

    Examples
    --------
    >>> first, size, _ = bound((10.0, 20.0), np.array([[True, False]]))
    >>> first.tolist(), size
    ([0.0, 0.0], (10.0, 10.0))
    """
    if valid is None:
        return np.zeros(2), shape, None
    kept, scale = np.argwhere(valid), np.asarray(shape, dtype=np.float64) / valid.shape
    low, high = kept.min(axis=0), kept.max(axis=0) + 1
    height, width = ((high - low) * scale).tolist()
    inside = valid[low[0] : high[0], low[1] : high[1]]
    return low * scale, (height, width), None if inside.all() else inside


def _checked(
    positions: ArrayLike, areas: ArrayLike, shape: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    where = np.asarray(positions, dtype=np.float64).reshape(-1, 2) if np.size(positions) == 0 else np.asarray(positions)
    where, area = where.astype(np.float64), np.asarray(areas, dtype=np.float64)
    if where.ndim != 2 or where.shape[1] != 2 or area.shape != (len(where),):
        raise ValueError(f"positions need shape (n, 2) and areas (n,), got {where.shape} and {area.shape}")
    if not ((where >= 0) & (where <= np.asarray(shape))).all():
        raise ValueError(f"positions must lie in the field of {shape[0]:g} x {shape[1]:g}")
    if not (area > 0).all():
        raise ValueError("areas must be positive")
    return where, area


def _tails(where: NDArray[np.float64], field: _Field) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return minus the logarithms of the rarest upper and lower tails over numbers of neighbours."""
    n = len(where)
    upper, lower = np.zeros(n), np.zeros(n)
    known = sorted({k for k in (*NEIGHBOURS, *CROWD) if k < n})
    if not known:
        return upper, lower
    reach = cKDTree(where).query(where, k=[k + 1 for k in known])[0]
    expected = _cut_discs(where, reach, field) * (n - 1) / field.area
    for column, k in enumerate(known):
        if k in NEIGHBOURS:
            upper = np.maximum(upper, -np.log10(np.maximum(gammaincc(k, expected[:, column]), LEAST)))
        if k in CROWD:
            lower = np.maximum(lower, -np.log10(np.maximum(gammainc(k, expected[:, column]), LEAST)))
    return upper, lower


@dataclass(frozen=True)
class _Field:
    """A rectangle, and along its rows how much of what is to the left of a place counts; None where all does."""

    shape: tuple[float, float]
    area: float
    valid: NDArray[np.bool_] | None = None
    before: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, shape: tuple[float, float], valid: NDArray[np.bool_] | None) -> _Field:
        height, width = shape
        if valid is None:
            return cls(shape, height * width)
        before = np.pad(np.cumsum(valid, axis=1), ((0, 0), (1, 0))) * (width / valid.shape[1])
        return cls(shape, height * width * float(valid.mean()), valid, before)

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        """Return random places that count, shape (n, 2)."""
        places = rng.uniform(0, 1, (n, 2))
        if self.valid is not None:
            cells = np.argwhere(self.valid)
            places = (cells[rng.integers(len(cells), size=n)] + places) / np.array(self.valid.shape)
        return places * np.asarray(self.shape, dtype=np.float64)

    def chord(
        self, row: NDArray[np.float64], left: NDArray[np.float64], right: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return how much of each piece of a row counts."""
        assert self.before is not None
        left, right = np.clip(left, 0, self.shape[1]), np.clip(right, 0, self.shape[1])
        n_rows, n_columns = self.before.shape[0], self.before.shape[1] - 1
        at = np.clip((row * (n_rows / self.shape[0])).astype(np.int64), 0, n_rows - 1)
        ends = []
        for place in (left, right):
            cell = place * (n_columns / self.shape[1])
            whole = np.minimum(cell.astype(np.int64), n_columns - 1)
            first, after = self.before[at, whole], self.before[at, whole + 1]
            ends.append(first + (cell - whole) * (after - first))
        return ends[1] - ends[0]


def _cut_discs(where: NDArray[np.float64], radius: NDArray[np.float64], field: _Field) -> NDArray[np.float64]:
    """Return the areas of discs inside the field, shape (n, k)."""
    height = field.shape[0]
    node, weight = np.polynomial.legendre.leggauss(NODES)
    row, column = where[:, 0, None], where[:, 1, None]
    # Over the rows of the disc that are in the field; by the angle, so that the rim is smooth.
    start = np.arcsin(np.clip(-row / np.maximum(radius, LEAST), -1, 1))
    stop = np.arcsin(np.clip((height - row) / np.maximum(radius, LEAST), -1, 1))
    angle = (start + stop)[..., None] / 2 + (stop - start)[..., None] / 2 * node
    half = radius[..., None] * np.cos(angle)
    if field.valid is None:
        chord = np.minimum(half, (field.shape[1] - column)[..., None]) + np.minimum(half, column[..., None])
    else:
        at = row[..., None] + radius[..., None] * np.sin(angle)
        chord = field.chord(at, column[..., None] - half, column[..., None] + half)
    return (chord * half * weight).sum(axis=-1) * (stop - start) / 2


def _rank(values: NDArray[np.float64], null: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    if not null:
        return np.ones(len(values))
    drawn = np.sort(np.concatenate(null))
    return (1 + len(drawn) - np.searchsorted(drawn, values, side="left")) / (1 + len(drawn))


def _share_as_large(values: NDArray[np.float64], compared: NDArray[np.float64]) -> NDArray[np.float64]:
    drawn = np.sort(compared)
    return (len(drawn) - np.searchsorted(drawn, values, side="left")) / max(1, len(drawn))
