"""Areas of interest: rectangles that hold more than is expected for their area, by a scan statistic."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segment.anomaly.positions import bound
from segment.records import Region

# Sides of the rectangles in cells of the grid, and the cells along the shorter side of the field.
SIDES = (1, 2, 3, 4)
CELLS = 24
N_PERMUTATIONS = 99
LEAST = 1e-9


def scan_areas(
    positions: ArrayLike,
    weights: ArrayLike,
    shape: tuple[float, float],
    *,
    n_regions: int = 10,
    n_permutations: int = N_PERMUTATIONS,
    seed: int = 0,
    valid: NDArray[np.bool_] | None = None,
) -> tuple[Region, ...]:
    """Find rectangles whose objects weigh more than is expected for their area, the most unusual first.

    None overlaps another.

    Parameters
    ----------
    positions : array_like of float, shape (n, 2)
        Row and column of each object.
    weights : array_like of float, shape (n,)
        What is heaped: areas, or scores; not negative. Ones: the number of objects.
    shape : (float, float)
        Height and width of the field.
    n_regions : int, default 10
        Most regions that are returned.
    n_permutations : int, default 99
        Random fields with the same weights that the p-values are from.
    seed : int, default 0
    valid : ndarray of bool, optional
        Which parts of the field count, in equal rows and columns; None: all. A rectangle is worth what of it counts.

    Returns
    -------
    tuple of Region
        Empty for a field without objects or without weight.

    Raises
    ------
    ValueError
        If the arrays do not fit, or a weight is negative.

    Notes
    -----
    With w the weight inside, e the fraction of it that the rectangle's area is worth and W the whole,
    the score is ``(w log(w / e) + (W - w) log((W - w) / (W - e))) / c`` where w > e, with c the mean weight of an
    object weighted by itself, sum(v^2) / sum(v): a few heavy objects are worth as much evidence as so many mean ones. A
    rectangle that one huge object fills has a p near 1: chance would put it somewhere, too.

    References
    ----------
    M. Kulldorff, "A spatial scan statistic", doi 10.1080/03610929708831995, eq. 3.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> positions = np.vstack([rng.uniform(0, 1000, (300, 2)), rng.normal(300, 12, (30, 2))])
    >>> first = scan_areas(positions, np.ones(330), (1000, 1000))[0]
    >>> first.top < 300 < first.bottom, first.p <= 0.01
    (True, True)
    """
    where = np.asarray(positions, dtype=np.float64).reshape(-1, 2)
    weight = np.asarray(weights, dtype=np.float64)
    if weight.shape != (len(where),):
        raise ValueError(f"positions need shape (n, 2) and weights (n,), got {where.shape} and {weight.shape}")
    if (weight < 0).any() or not np.isfinite(weight).all():
        raise ValueError("weights must be finite and not negative")
    if not weight.sum() > 0:
        return ()
    # The grid begins where the field does.
    first, shape, valid = bound(shape, valid)
    where = where - first
    cell = min(shape) / CELLS
    grid = tuple(max(1, math.ceil(side / cell)) for side in shape)
    at = np.minimum((where / cell).astype(np.int64), np.array(grid) - 1)
    flat = at[:, 0] * grid[1] + at[:, 1]
    unit = float((weight**2).sum() / weight.sum())
    fraction = _cell_shares(grid, cell, shape)
    if valid is not None:
        fraction = _weighed(valid, np.asarray(shape) / valid.shape / cell, grid)
    scores, windows = _scan(flat, weight, grid, fraction, unit), _windows(grid)
    counts = _sums(np.bincount(flat, minlength=math.prod(grid)).reshape(grid))
    rng = np.random.default_rng(seed)
    # Cells at random, each as likely as its fraction of the field: the same weights at random places.
    edges = np.cumsum(fraction.ravel())
    edges[-1] = 1.0
    best = np.array(
        [
            _scan(np.searchsorted(edges, rng.random(len(weight))), weight, grid, fraction, unit).max()
            for _ in range(n_permutations)
        ]
    )
    found: list[Region] = []
    taken = np.zeros(grid, dtype=bool)
    for index in np.argsort(-scores, kind="stable"):
        if len(found) == n_regions or scores[index] <= 0:
            break
        row, column, height, width = windows[index]
        if taken[row : row + height, column : column + width].any():
            continue
        taken[row : row + height, column : column + width] = True
        inside = np.zeros(grid, dtype=bool)
        inside[row : row + height, column : column + width] = True
        inside_weight = float(weight[inside.ravel()[flat]].sum())
        found.append(
            Region(
                top=float(first[0] + row * cell),
                left=float(first[1] + column * cell),
                bottom=float(first[0] + min((row + height) * cell, shape[0])),
                right=float(first[1] + min((column + width) * cell, shape[1])),
                n_objects=int(_box(counts, row, column, height, width)),
                score=float(scores[index]),
                p=float((1 + (best >= scores[index]).sum()) / (1 + n_permutations)),
                excess=float(inside_weight / (weight.sum() * fraction[inside].sum())),
            )
        )
    return tuple(found)


def percentiles(scores: ArrayLike, reference: ArrayLike) -> NDArray[np.float64]:
    """Return the percentile of each score among those of a set of images.

    Parameters
    ----------
    scores : array_like of float, shape (n,)
    reference : array_like of float, shape (m,)
        Scores of the areas of all images; at least one.

    Returns
    -------
    ndarray of float64, shape (n,)
        Per cent of the reference below, ties counted half.

    Raises
    ------
    ValueError
        If the reference is empty.

    Examples
    --------
    >>> percentiles([1.0, 9.0], [1.0, 2.0, 3.0, 4.0]).tolist()
    [12.5, 100.0]
    """
    known = np.sort(np.asarray(reference, dtype=np.float64))
    if not known.size:
        raise ValueError("reference must hold at least one score")
    value = np.asarray(scores, dtype=np.float64)
    below, upto = (np.searchsorted(known, value, side=side) for side in ("left", "right"))
    return 50.0 * (below + upto) / known.size


def _cell_shares(grid: tuple[int, ...], cell: float, shape: tuple[float, float]) -> NDArray[np.float64]:
    """Return the fraction of the field in each cell: the last ones of a row or column may be cut."""
    rows, columns = (
        np.minimum(np.arange(1, n + 1) * cell, side) - np.arange(n) * cell for n, side in zip(grid, shape, strict=True)
    )
    return np.asarray(np.outer(rows, columns) / (shape[0] * shape[1]), dtype=np.float64)


def _weighed(valid: NDArray[np.bool_], scale: NDArray[np.float64], grid: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the fraction of the field in each cell, by the pixels in it that count; `scale` is a pixel in cells."""
    kept = np.argwhere(valid)
    at = np.minimum(((kept + 0.5) * scale).astype(np.int64), np.array(grid) - 1)
    counts = np.bincount(at[:, 0] * grid[1] + at[:, 1], minlength=math.prod(grid))
    # The middle of an object may lie where nothing counts.
    return np.maximum(counts.reshape(grid) / len(kept), LEAST)


def _sums(cells: NDArray[np.generic]) -> NDArray[np.float64]:
    return np.pad(np.cumsum(np.cumsum(cells, axis=0), axis=1), ((1, 0), (1, 0))).astype(np.float64)


def _box(sums: NDArray[np.float64], row: int, column: int, height: int, width: int) -> float:
    bottom, right = row + height, column + width
    return float(sums[bottom, right] - sums[row, right] - sums[bottom, column] + sums[row, column])


def _scan(
    flat: NDArray[np.int64],
    weight: NDArray[np.float64],
    grid: tuple[int, ...],
    fraction: NDArray[np.float64],
    unit: float,
) -> NDArray[np.float64]:
    whole = float(weight.sum())
    inside_weight = _sums(np.bincount(flat, weights=weight, minlength=math.prod(grid)).reshape(grid))
    fair = _sums(fraction * whole)
    scores = []
    for height, width in _sides(grid):
        w, e = (
            sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
            for sums in (inside_weight, fair)
        )
        scores.append(_ratio(np.clip(w, 0, whole), e, whole).ravel() / unit)
    return np.concatenate(scores)


def _sides(grid: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return height and width, in cells, of the rectangles that are tried: none more than twice as long as wide."""
    return [
        (height, width)
        for height in SIDES
        for width in SIDES
        if height <= grid[0] and width <= grid[1] and max(height, width) <= 2 * min(height, width)
    ]


def _windows(grid: tuple[int, ...]) -> NDArray[np.int64]:
    """Return row, column, height and width of every rectangle, in the order of the scores, shape (n, 4)."""
    found = []
    for height, width in _sides(grid):
        rows, columns = np.indices((grid[0] - height + 1, grid[1] - width + 1))
        found.append(np.stack([rows.ravel(), columns.ravel(), *np.full((2, rows.size), [[height], [width]])], axis=1))
    return np.concatenate(found)


def _ratio(inside: NDArray[np.float64], fair: NDArray[np.float64], whole: float) -> NDArray[np.float64]:
    rest, fair_rest = whole - inside, np.maximum(whole - fair, 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(inside > 0, inside * np.log(inside / fair), 0) + np.where(
            rest > 0, rest * np.log(rest / fair_rest), 0
        )
    return np.where(inside > fair, score, 0.0)
