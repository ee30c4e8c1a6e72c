"""The grain size number of ISO 643."""

from __future__ import annotations

import math


def iso_grain_size_number(*, grains_per_mm2: float | None = None, mean_intercept_um: float | None = None) -> float:
    """Return the grain size number G of ISO 643, ``m = 8 2^G`` grains per square millimetre.

    Parameters
    ----------
    grains_per_mm2 : float, optional
        Grains per square millimetre m.
    mean_intercept_um : float, optional
        Mean intercept length in micrometres, ``G = -6.6439 log10 l - 3.288`` with l in millimetres.

    Returns
    -------
    float
        From grains, .046 below that of ASTM E112, whose G = 0 is 7.75 grains per square millimetre; from intercepts the
        same.

    Raises
    ------
    ValueError
        If not exactly one quantity is given, or it is not positive and finite.

    Examples
    --------
    >>> iso_grain_size_number(grains_per_mm2=8 * 2**7)
    7.0
    """
    if (grains_per_mm2 is None) == (mean_intercept_um is None):
        raise ValueError("give exactly one of grains_per_mm2 and mean_intercept_um")
    if mean_intercept_um is not None:
        _check("mean_intercept_um", mean_intercept_um)
        return -6.6439 * math.log10(mean_intercept_um / 1000) - 3.288
    assert grains_per_mm2 is not None
    _check("grains_per_mm2", grains_per_mm2)
    return math.log2(grains_per_mm2) - 3


def _check(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {value}")
