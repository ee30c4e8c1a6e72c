"""Size distributions: percentiles and mean diameters by ISO 9276-2, their uncertainty, and curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Two-sided 95 % of the normal distribution.
Z95 = 1.959963984540054


@dataclass(frozen=True)
class MeanDiameter:
    """One mean diameter, and how sure it is.

    Attributes
    ----------
    name : str
        ``"D[p,q]"``.
    value : float
        In the unit of the diameters.
    ci95 : float or None
        Half width of its 95 % confidence interval; None for fewer than two objects.
    n_needed : int or None
        Objects for which that half width would be 5 % of the value; None where `ci95` is.
    """

    name: str
    value: float
    ci95: float | None
    n_needed: int | None


@dataclass(frozen=True)
class SizeDistribution:
    """Diameters of many objects, summed up.

    Attributes
    ----------
    n : int
        Objects with a weight above 0.
    percentiles : dict of str to float
        ``x10``, ``x50``, ``x90``: diameters below which 10, 50 and 90 % of the quantity lie.
    median_ci95 : tuple of float, or None
        95 % confidence interval of the median by number, from order statistics; None for fewer than six objects, which
        have none, and where objects are weighted unequally.
    means : tuple of MeanDiameter
        D[1,0] by number, D[3,2] (Sauter), D[4,3] by volume.
    span : float
        (x90 - x10) / x50.
    quantity : {"number", "area", "volume"}
        What the percentiles are fractions of.
    """

    n: int
    percentiles: dict[str, float]
    median_ci95: tuple[float, float] | None
    means: tuple[MeanDiameter, ...]
    span: float
    quantity: str

    @property
    def is_sufficient(self) -> bool:
        """Whether there are enough objects for every mean diameter to be sure within 5 %."""
        return all(mean.n_needed is not None and self.n >= mean.n_needed for mean in self.means)


QUANTITIES = {"number": 0, "area": 2, "volume": 3}


def size_distribution(
    diameters: ArrayLike, weights: ArrayLike | None = None, *, quantity: str = "number"
) -> SizeDistribution:
    """Sum up the diameters of objects.

    The mean diameter D[p,q] is (M_p / M_q)^(1 / (p - q)) with the moments M_p = sum_i w_i x_i^p [1]_. Its standard
    error follows from those of the moments by the delta method, without assuming a distribution.

    Parameters
    ----------
    diameters : array-like of float, shape (n,)
        Above 0, in one unit.
    weights : array-like of float, shape (n,), optional
        How many objects each stands for, such as ``edge_weight``; None: one each. Objects of weight 0 are left out.
    quantity : {"number", "area", "volume"}, default "number"
        What the percentiles are fractions of: each object counts w, w x^2 or w x^3.

    Returns
    -------
    SizeDistribution

    Raises
    ------
    ValueError
        If there is no object, a diameter is not above 0, a weight is negative, or `quantity` is unknown.

    References
    ----------
    .. [1] ISO 9276-2:2014, "Calculation of average particle sizes/diameters and moments from particle size
       distributions", eq. 1 to 6 (moment notation).

    Examples
    --------
    >>> sizes = size_distribution([1.0, 2.0, 3.0])
    >>> sizes.percentiles["x50"], [round(mean.value, 4) for mean in sizes.means]
    (2.0, [2.0, 2.5714, 2.7222])
    """
    x, w = _checked(diameters, weights)
    if quantity not in QUANTITIES:
        raise ValueError(f"quantity must be one of {', '.join(QUANTITIES)}, got {quantity!r}")
    percentiles = weighted_percentiles(x, w * x ** QUANTITIES[quantity], (10, 50, 90))
    means = tuple(_mean_diameter(x, w, p, q) for p, q in ((1, 0), (3, 2), (4, 3)))
    is_even = bool(np.all(w == w[0]))
    return SizeDistribution(
        n=len(x),
        percentiles=dict(zip(("x10", "x50", "x90"), percentiles.tolist(), strict=True)),
        median_ci95=_median_interval(x) if is_even and quantity == "number" else None,
        means=means,
        span=float((percentiles[2] - percentiles[0]) / percentiles[1]),
        quantity=quantity,
    )


def weighted_percentiles(x: NDArray[np.float64], w: NDArray[np.float64], at: ArrayLike) -> NDArray[np.float64]:
    """Return percentiles of `x` with weights `w`: linear between the middles of the steps of the cumulative sum."""
    order = np.argsort(x, kind="stable")
    fraction = np.cumsum(w[order]) - w[order] / 2
    return np.interp(np.asarray(at) / 100, fraction / w.sum(), x[order])


def size_density(
    diameters: ArrayLike, grid: ArrayLike, weights: ArrayLike | None = None, *, quantity: str = "number"
) -> NDArray[np.float64]:
    """Estimate the density of diameters over their natural logarithm by a Gaussian kernel.

    Parameters
    ----------
    diameters : array-like of float, shape (n,)
        Above 0.
    grid : array-like of float, shape (m,)
        Diameters at which to give the density.
    weights : array-like of float, shape (n,), optional
        How many objects each stands for; None: one each.
    quantity : {"number", "area", "volume"}, default "number"
        What the density is of.

    Returns
    -------
    ndarray of float64, shape (m,)
        Its integral over ln(diameter) is 1. The kernel's width is Silverman's, 0.9 min(s, IQR / 1.34) n^(-1/5) in
        ln(diameter), and at least 1 %.

    Raises
    ------
    ValueError
        As for `size_distribution`.

    References
    ----------
    B. W. Silverman, "Density Estimation for Statistics and Data Analysis", 1986, eq. 3.31.

    Examples
    --------
    >>> grid = np.geomspace(1, 100, 201)
    >>> density = size_density([8.0, 10.0, 12.0], grid)
    >>> round(float(np.trapezoid(density, np.log(grid))), 6)
    1.0
    """
    x, w = _checked(diameters, weights)
    if quantity not in QUANTITIES:
        raise ValueError(f"quantity must be one of {', '.join(QUANTITIES)}, got {quantity!r}")
    logs, fraction = np.log(x), w * x ** QUANTITIES[quantity]
    fraction = fraction / fraction.sum()
    mean = fraction @ logs
    deviation = np.sqrt(fraction @ (logs - mean) ** 2)
    low, high = weighted_percentiles(logs, fraction, (25, 75))
    spread = min(deviation, (high - low) / 1.34) if high > low else deviation
    width = max(0.9 * spread / (fraction @ fraction) ** -0.2, 0.01)
    apart = (np.log(np.asarray(grid, dtype=np.float64))[:, None] - logs) / width
    return np.exp(-(apart**2) / 2) @ fraction / (width * np.sqrt(2 * np.pi))


def _checked(diameters: ArrayLike, weights: ArrayLike | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x = np.asarray(diameters, dtype=np.float64).ravel()
    w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=np.float64).ravel()
    if len(w) != len(x):
        raise ValueError(f"weights must be as many as diameters, {len(x)}, got {len(w)}")
    if not (np.isfinite(w).all() and (w >= 0).all()):
        raise ValueError("weights must be finite numbers of at least 0")
    x, w = x[w > 0], w[w > 0]
    if not len(x):
        raise ValueError("diameters is empty: no object has a weight above 0")
    if not (np.isfinite(x).all() and (x > 0).all()):
        raise ValueError(f"diameters must be finite and above 0, got {x.min()} to {x.max()}")
    return x, w


def _mean_diameter(x: NDArray[np.float64], w: NDArray[np.float64], p: int, q: int) -> MeanDiameter:
    upper, lower = w * x**p, w * x**q
    value = float((upper.sum() / lower.sum()) ** (1 / (p - q)))
    n = len(x)
    if n < 2:
        return MeanDiameter(f"D[{p},{q}]", value, None, None)
    # d ln D = (d ln M_p - d ln M_q) / (p - q); each object adds its part to both.
    influence = (upper / upper.sum() - lower / lower.sum()) / (p - q)
    relative = Z95 * float(np.sqrt(n / (n - 1) * np.sum((influence - influence.mean()) ** 2)))
    return MeanDiameter(f"D[{p},{q}]", value, relative * value, int(np.ceil(n * (relative / 0.05) ** 2)))


def _median_interval(x: NDArray[np.float64]) -> tuple[float, float] | None:
    from scipy.stats import binom

    low = int(binom.ppf(0.025, len(x), 0.5)) - 1
    ordered = np.sort(x)
    return None if low < 0 else (float(ordered[low]), float(ordered[len(x) - 1 - low]))
