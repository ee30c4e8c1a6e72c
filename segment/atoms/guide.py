"""Where to look next: fields of view chosen by what an overview shows and by what was found before."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import irfft2, rfft2
from scipy.ndimage import gaussian_filter, maximum_filter

from segment.atoms.scale import find_scale

# Defects of a cluster reach about so many fields; posterior standard deviations that the unknown is worth.
REACH = 1.5
CURIOSITY = 0.25
# Variance of a count that is not the field's own: two visits of one place would differ by it.
NUGGET = 0.1


@dataclass(frozen=True)
class Tour:
    """Fields that were visited, in order.

    Attributes
    ----------
    fields : ndarray of intp, shape (n, 2)
        Row and column of each.
    found : ndarray of float64, shape (n,)
        What was found in each.
    reason : str
        Why the tour ended.
    """

    fields: NDArray[np.intp]
    found: NDArray[np.float64]
    reason: str


def expect_fields(
    shape: tuple[int, int], fields: NDArray[np.intp], found: NDArray[np.float64], score: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what each field is expected to hold, and how uncertain that is, from the visited ones and a score.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of fields.
    fields : ndarray of intp, shape (n, 2)
        The visited ones.
    found : ndarray of float64, shape (n,)
        What was found in them.
    score : ndarray of float64 or None, shape `shape`
        What an overview says of each field; only its order and relative size count.

    Returns
    -------
    mean, sd : ndarray of float64, shape `shape`
        Of the square root of what a field holds, which makes the noise of counts even.

    Notes
    -----
    The posterior of a Gaussian process of squared-exponential kernel in closed form; C. E. Rasmussen and
    C. K. I. Williams, ISBN 026218253X, eq. 2.25 and 2.26. Its prior mean is a line through the root of the score,
    fitted to what was found, with the score itself as a guess that weighs as much as two fields.
    """
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1).reshape(-1, 2)
    target = np.sqrt(np.maximum(found, 0.0))
    prior = np.zeros(len(grid))
    at = fields[:, 0] * shape[1] + fields[:, 1]
    if score is not None:
        hint = np.sqrt(np.asarray(score, dtype=np.float64).ravel() - np.min(score))
        hint = (hint - hint.mean()) / max(float(hint.std()), 1e-12)
        level = float(target.mean()) if target.size else 1.0
        # Ridge: two fields' worth of belief that a standard deviation of the score is one of what is found.
        slope = (np.sum(hint[at] * (target - level)) + 2.0) / (np.sum(hint[at] ** 2) + 2.0) if target.size else 1.0
        prior = level + max(0.0, float(slope)) * hint
    elif target.size:
        prior = np.full(len(grid), float(target.mean()))
    if not target.size:
        return prior.reshape(shape), np.ones(shape)
    variance = max(float(np.var(target - prior[at])), 0.05)
    inside = _kernel(fields, fields) + NUGGET * np.eye(len(fields))
    across = _kernel(grid, fields)
    weights = np.linalg.solve(inside, across.T).T
    mean = prior + weights @ (target - prior[at])
    sd = np.sqrt(variance * np.maximum(0.0, 1 - np.sum(weights * across, axis=1)))
    return np.asarray(mean, np.float64).reshape(shape), np.asarray(sd, np.float64).reshape(shape)


def next_field(
    shape: tuple[int, int], fields: ArrayLike, found: ArrayLike, *, score: NDArray[np.float64] | None = None
) -> tuple[int, int]:
    """Return the row and column of the field to visit next: the most expected, plus a quarter of the uncertainty.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of fields.
    fields : array-like of int, shape (n, 2)
        Those visited before.
    found : array-like of float, shape (n,)
        What was found in them.
    score : ndarray of float64 or None, default None
        What an overview says of each field.

    Returns
    -------
    tuple of int

    Raises
    ------
    ValueError
        All fields have been visited, `found` has another length than `fields`, or `score` another shape than `shape`.

    Examples
    --------
    >>> next_field((3, 4), [[0, 0]], [0.0], score=np.eye(3, 4)[::-1])
    (1, 1)
    """
    visited = np.asarray(fields, dtype=np.intp).reshape(-1, 2)
    values = np.asarray(found, dtype=np.float64).reshape(-1)
    if len(visited) != len(values):
        raise ValueError(f"found must have a value for each of {len(visited)} fields, got {len(values)}")
    if score is not None and np.shape(score) != tuple(shape):
        raise ValueError(f"score must have the shape {tuple(shape)}, got {np.shape(score)}")
    if len(visited) >= shape[0] * shape[1]:
        raise ValueError(f"all {shape[0] * shape[1]} fields have been visited")
    if score is None and len(visited) < 4:
        return _spread_out(shape, visited)
    mean, sd = expect_fields(shape, visited, values, score)
    worth = mean + CURIOSITY * sd
    worth[visited[:, 0], visited[:, 1]] = -np.inf
    row, column = np.unravel_index(int(worth.argmax()), shape)
    return int(row), int(column)


def tour(
    look: Callable[[int, int], float],
    shape: tuple[int, int],
    *,
    most: int,
    score: NDArray[np.float64] | None = None,
    worth: float = 0.0,
) -> Tour:
    """Visit the fields that promise most, until all allowed fields are used or nothing more is worth a visit.

    Parameters
    ----------
    look : callable
        ``look(row, column)`` drives the microscope there, and returns how much of interest it found. The one function
        that an instrument, or a simulation, provides.
    shape : tuple of int
        Rows and columns of fields.
    most : int
        Fields that may be visited.
    score : ndarray of float64 or None, default None
        What an overview says of each field, see `score_overview`.
    worth : float, default 0.0
        A field that is expected to hold less, two standard deviations included, is not visited; the tour ends.

    Returns
    -------
    Tour

    Raises
    ------
    ValueError
        `most` is below 1.

    Examples
    --------
    >>> counts = np.zeros((8, 8))
    >>> counts[2:4, 5:7] = 9
    >>> found = tour(lambda row, column: counts[row, column], (8, 8), most=16, score=counts + 1)
    >>> float(found.found.sum())
    36.0
    """
    if most < 1:
        raise ValueError(f"most must be at least 1, got {most}")
    fields: list[tuple[int, int]] = []
    found: list[float] = []
    reason = "all allowed fields are used"
    while len(fields) < min(most, shape[0] * shape[1]):
        place = next_field(shape, fields, found, score=score)
        if worth > 0 and len(fields) >= 8:
            mean, sd = expect_fields(shape, np.array(fields), np.array(found), score)
            if (mean[place] + 2 * sd[place]) ** 2 < worth:
                reason = f"no field is expected to hold {worth:g}"
                break
        fields.append(place)
        found.append(float(look(*place)))
    if len(fields) == shape[0] * shape[1]:
        reason = "all fields have been visited"
    return Tour(np.array(fields, dtype=np.intp).reshape(-1, 2), np.array(found), reason)


def _kernel(first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.float64]:
    square = np.sum((first[:, None, :] - second[None, :, :]) ** 2, axis=2)
    return np.exp(-square / (2 * REACH**2))


def _spread_out(shape: tuple[int, int], visited: NDArray[np.intp]) -> tuple[int, int]:
    """Return the field that is farthest from the visited ones and from the border."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    away = np.minimum.reduce([rows + 0.5, shape[0] - 0.5 - rows, columns + 0.5, shape[1] - 0.5 - columns]) * 2.0
    for row, column in visited:
        away = np.minimum(away, np.hypot(rows - row, columns - column))
    row, column = np.unravel_index(int(away.argmax()), shape)
    return int(row), int(column)


def score_overview(image: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Score each field of a cheap overview by what does not repeat in it.

    Parameters
    ----------
    image : array-like of float, shape (h, w)
        The overview, which may be noisy.
    shape : tuple of int
        Rows and columns of fields.

    Returns
    -------
    ndarray of float64, shape `shape`
        Sum of what is missing or too much, of a column's width, beyond two standard deviations of the noise.

    Raises
    ------
    ValueError
        `image` is not of two dimensions, or has fewer than 8 pixels a field.

    Notes
    -----
    What repeats is the part of the Fourier transform in its peaks; the rest is filtered by the width of a column.
    """
    values = np.asarray(image, dtype=np.float64)
    if values.ndim != 2 or min(values.shape[0] / shape[0], values.shape[1] / shape[1]) < 8:
        raise ValueError(f"image must have at least 8 pixels a field and two dimensions, got the shape {values.shape}")
    sigma = find_scale(values).sigma_px
    spectrum = rfft2(values)
    power = np.abs(spectrum) ** 2
    floor = np.median(power)
    # Noise has an exponential distribution of power: peaks are what it does not reach in so many frequencies.
    is_peak = power > floor / math.log(2) * (math.log(power.size) + 5)
    is_peak = maximum_filter(is_peak, size=3)
    is_peak[:3, :3] = is_peak[-3:, :3] = True
    repeated = irfft2(np.where(is_peak, spectrum, 0), values.shape)
    rest = gaussian_filter(values - repeated, sigma, mode="nearest")
    spread = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
    excess = np.maximum(np.abs(rest - np.median(rest)) / max(spread, 1e-12) - 2.0, 0.0) ** 2
    row = np.minimum(np.arange(values.shape[0]) * shape[0] // values.shape[0], shape[0] - 1)
    column = np.minimum(np.arange(values.shape[1]) * shape[1] // values.shape[1], shape[1] - 1)
    index = row[:, None] * shape[1] + column
    total = np.zeros(shape[0] * shape[1])
    np.add.at(total, index.ravel(), excess.ravel())
    return total.reshape(shape)
