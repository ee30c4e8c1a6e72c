"""Statistics over fields: what several micrographs of one material say about it together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

CONFIDENCE = 0.95
MOST_FIELDS = 100_000


@dataclass(frozen=True)
class FieldStatistics:
    """Mean over fields and how well it is known; every length in the unit of the values, such as per cent.

    Attributes
    ----------
    n_fields : int
        Number of fields.
    mean : float
        Mean over the fields, each counting once.
    std : float or None
        Standard deviation with n - 1; None for a single field.
    ci95 : float or None
        Half width of the 95 % confidence interval of the mean, ``t s / sqrt(n)``; None for a single field.
    relative_accuracy_percent : float or None
        ``100 ci95 / mean``, the %RA; None for a single field or a mean of zero.
    """

    n_fields: int
    mean: float
    std: float | None
    ci95: float | None
    relative_accuracy_percent: float | None


def summarise_fields(values: Sequence[float]) -> FieldStatistics:
    """Summarise one quantity over fields: mean, standard deviation, 95 % confidence interval and relative accuracy.

    Parameters
    ----------
    values : sequence of float
        One value a field, e.g. the area fraction of a phase.

    Returns
    -------
    FieldStatistics

    Raises
    ------
    ValueError
        If there is no value, or one is not finite.

    Notes
    -----
    The interval is Student's, ``t(0.975, n - 1) s / sqrt(n)``. It takes the fields for independent samples of one
    material: overlapping or hand-picked fields make it too small.

    References
    ----------
    ASTM E562 (systematic manual point count) and E1245 (automatic image analysis) use these statistics over fields.

    Examples
    --------
    >>> found = summarise_fields([10, 12, 9, 11, 13])
    >>> print(f"{found.mean:.2f} +- {found.ci95:.4f}, s {found.std:.4f}, %RA {found.relative_accuracy_percent:.2f}")
    11.00 +- 1.9632, s 1.5811, %RA 17.85
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not array.size:
        raise ValueError(f"values must hold one number a field, at least one, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"values must be finite, got {array[~np.isfinite(array)][0]} for a field")
    n, mean = array.size, float(array.mean())
    if n == 1:
        return FieldStatistics(1, mean, None, None, None)
    std = float(array.std(ddof=1))
    ci95 = _student(n) * std / math.sqrt(n)
    return FieldStatistics(n, mean, std, ci95, 100 * ci95 / abs(mean) if mean else None)


def join_intervals(
    values: Sequence[float], lows: Sequence[float], highs: Sequence[float], nominal: float = 0.9
) -> tuple[float, float]:
    """Return the interval of the mean over fields, from an interval of each field and the scatter between fields.

    What is open in the segmentation is open alike in all fields, so its mean reach is that of the mean; the sampling
    error of the mean is independent of it, so that the two are added as squares.

    Parameters
    ----------
    values, lows, highs : sequence of float
        One a field: the quantity, and the ends of its interval.
    nominal : float, default 0.9
        Coverage of the intervals.

    Returns
    -------
    tuple of (float, float)
        Of a single field its own interval.

    Notes
    -----
    ``mean - hypot(mean(values - lows), t s / sqrt(n))``, and likewise above, with t of Student's distribution; see
    `summarise_fields`.

    Examples
    --------
    >>> low, high = join_intervals([0.10, 0.12, 0.11], [0.05, 0.07, 0.06], [0.15, 0.17, 0.16])
    >>> round(low, 3), round(high, 3)
    (0.057, 0.163)
    """
    array = np.asarray(values, dtype=np.float64)
    mean, n = float(array.mean()), len(array)
    scatter = 0.0 if n == 1 else float(stdtrit(n - 1, (1 + nominal) / 2)) * float(array.std(ddof=1)) / math.sqrt(n)
    below, above = mean - float(np.mean(lows)), float(np.mean(highs)) - mean
    return mean - math.hypot(below, scatter), mean + math.hypot(above, scatter)


def fields_needed(statistics: FieldStatistics, relative_accuracy_percent: float = 10.0) -> int | None:
    """Estimate how many fields in all would reach a relative accuracy, should they scatter like those measured.

    Parameters
    ----------
    statistics : FieldStatistics
        From the fields measured so far.
    relative_accuracy_percent : float, default 10.0
        The %RA to reach.

    Returns
    -------
    int or None
        The smallest n, at least 2, with ``100 t(0.975, n - 1) s / (sqrt(n) mean)`` not above it; None where the scatter
        or the mean is not known, the mean is zero, or more than 100000 fields would be needed.

    Raises
    ------
    ValueError
        If `relative_accuracy_percent` is not positive and finite.

    Examples
    --------
    >>> fields_needed(summarise_fields([10, 12, 9, 11, 13]))
    11
    """
    _check_accuracy(relative_accuracy_percent)
    if statistics.std is None or not statistics.mean:
        return None
    ratio = 100 * statistics.std / (abs(statistics.mean) * relative_accuracy_percent)
    # t only adds to what the normal distribution would ask for, so the search may begin there.
    start = max(2, math.floor((1.95 * ratio) ** 2))
    return next(
        (n for n in range(start, min(2 * start + 16, MOST_FIELDS)) if _student(n) * ratio <= math.sqrt(n)), None
    )


def points_needed(fraction: float, relative_accuracy_percent: float = 10.0) -> int:
    """Return how many points of a point count, over all fields, reach a relative accuracy.

    Parameters
    ----------
    fraction : float
        Expected fraction V of the phase, between 0 and 1, both excluded.
    relative_accuracy_percent : float, default 10.0
        The %RA to reach.

    Returns
    -------
    int
        The smallest whole number not below ``4 / E^2 (1 - V) / V`` with E the relative accuracy as a fraction.

    Raises
    ------
    ValueError
        If `fraction` is not between 0 and 1, or `relative_accuracy_percent` not positive and finite.

    Notes
    -----
    The points are taken for independent, two standard deviations for the 95 % interval. Neighbouring pixels are not
    independent: the number of pixels of an image says nothing here.

    Examples
    --------
    >>> points_needed(0.10)
    3600
    """
    _check_accuracy(relative_accuracy_percent)
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must lie between 0 and 1, both excluded, got {fraction!r}")
    points = 4 * (100 / relative_accuracy_percent) ** 2 * (1 - fraction) / fraction
    # 0.1 is a little more than a tenth: a last digit of rounding is no further point.
    return math.ceil(points * (1 - 1e-12))


def _student(n: int) -> float:
    return float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))


def _check_accuracy(value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(f"relative_accuracy_percent must be positive and finite, got {value!r}")
