"""Read the time from a frame to the next as people write it."""

from __future__ import annotations

import math

UNITS = (("min", 60.0), ("ms", 0.001), ("s", 1.0), ("h", 3600.0), ("", 1.0))


def read_interval(text: str) -> float:
    """Read '0.5s', '2min', '1h' or a plain number of seconds.

    Parameters
    ----------
    text : str

    Returns
    -------
    float
        In seconds.

    Raises
    ------
    ValueError
        If it is no positive time.

    Examples
    --------
    >>> read_interval("0.5s"), read_interval("2 min")
    (0.5, 120.0)
    """
    for suffix, factor in UNITS:
        if text.endswith(suffix):
            try:
                value = float(text.removesuffix(suffix).replace(",", ".")) * factor
            except ValueError:
                break
            if math.isfinite(value) and value > 0:
                return value
            break
    raise ValueError(f"a positive time such as '0.5s' or '2min', got {text[:40]!r}")
