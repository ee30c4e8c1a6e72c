"""The ASTM grain size number G, and its interval from fields."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import stdtrit

from segment.grains.iso643 import iso_grain_size_number
from segment.records import GrainSize

SQUARE_INCHES_PER_MM2 = 1 / 645.16
CONFIDENCE = 0.95
# Relative accuracy that E112 holds acceptable for most purposes.
ACCEPTED_ACCURACY = 10.0
MOST_FIELDS = 100_000


def grain_size_number(
    *,
    grains_per_mm2: float | None = None,
    mean_intercept_um: float | None = None,
    mean_area_um2: float | None = None,
    grains_per_square_inch: float | None = None,
    magnification: float = 100.0,
) -> float:
    """Return the ASTM grain size number G of exactly one of the given quantities.

    Parameters
    ----------
    grains_per_mm2 : float, optional
        Grains per square millimetre, ``G = 3.321928 log10 N_A - 2.954``.
    mean_intercept_um : float, optional
        Mean intercept length in micrometres, ``G = -6.643856 log10 l - 3.288`` with l in millimetres.
    mean_area_um2 : float, optional
        Mean grain area in square micrometres, the inverse of grains per area.
    grains_per_square_inch : float, optional
        Grains counted in a square inch of the picture at `magnification`; ``2^(G - 1)`` at 100 times.
    magnification : float, default 100
        Of the picture, for `grains_per_square_inch`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If not exactly one quantity is given, or it is not positive and finite.

    References
    ----------
    ASTM E112, "Standard test methods for determining average grain size", table 4 and its equations.

    Examples
    --------
    >>> round(grain_size_number(grains_per_mm2=1984.0), 2), round(grain_size_number(mean_intercept_um=20.0), 2)
    (8.0, 8.0)
    >>> round(grain_size_number(grains_per_square_inch=25, magnification=75), 2)
    4.81
    """
    given = {
        "grains_per_mm2": grains_per_mm2,
        "mean_intercept_um": mean_intercept_um,
        "mean_area_um2": mean_area_um2,
        "grains_per_square_inch": grains_per_square_inch,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    if len(chosen) != 1:
        raise ValueError(f"give exactly one of {', '.join(given)}, got {', '.join(chosen) or 'none'}")
    name, value = next(iter(chosen.items()))
    for label, number in ((name, value), ("magnification", magnification)):
        if not 0 < number < math.inf:
            raise ValueError(f"{label} must be positive and finite, got {number}")
    if name == "mean_intercept_um":
        return -6.643856 * math.log10(value / 1000) - 3.288
    if name == "grains_per_square_inch":
        return math.log2(value * (magnification / 100) ** 2) + 1
    per_mm2 = value if name == "grains_per_mm2" else 1e6 / value
    return 3.321928 * math.log10(per_mm2) - 2.954


STANDARDS: dict[str, Callable[..., float]] = {"ASTM E112": grain_size_number, "ISO 643": iso_grain_size_number}


def estimate_grain_size(
    counts: Sequence[float],
    extents: Sequence[float],
    *,
    quantity: str,
    method: str,
    convention: str,
    n_fields: int,
    standard: str = "ASTM E112",
    fields_asked: int = 5,
    notes: Sequence[str] = (),
) -> GrainSize:
    """Estimate a grain size, with its interval, from counts in samples of one structure.

    Parameters
    ----------
    counts : sequence of float
        Crossings, or grains, of each sample: fields, or the tiles of a single one.
    extents : sequence of float
        Length of the test lines in millimetres, or test area in square millimetres, of each.
    quantity : {"P_L", "N_A"}
        Crossings per length, or grains per area.
    method, convention : str
        In words, for the record.
    n_fields : int
        How many fields the samples are from.
    standard : {"ASTM E112", "ISO 643"}, default "ASTM E112"
        Whose table turns the mean into G.
    fields_asked : int, default 5
        Fewest fields that the procedure asks for; where there are fewer, a note says so.
    notes : sequence of str
        What else to say beside the number.

    Returns
    -------
    GrainSize

    Raises
    ------
    ValueError
        If there is no sample, nothing was counted, or the standard or quantity is unknown.

    Notes
    -----
    The mean is the ratio of the sums, R = sum(c) / sum(e), and G is that of the mean, never a mean of G. The interval
    is Student's with n - 1 degrees of freedom on ``s^2 = sum((c - R e)^2) / (n - 1)``, that is
    ``t s sqrt(n) / sum(e)``: for samples of equal extent the interval of E112. It takes the samples for independent.

    Examples
    --------
    >>> size = estimate_grain_size([52, 48, 50, 47, 53], [1.0] * 5, quantity="P_L", method="lines",
    ...                            convention="e112", n_fields=5)
    >>> f"{size.G:.2f} ({size.G_low:.2f} to {size.G_high:.2f}), %RA {size.relative_accuracy_percent:.1f}"
    '8.00 (7.81 to 8.18), %RA 6.3'
    """
    if standard not in STANDARDS:
        raise ValueError(f"standard must be one of {', '.join(map(repr, STANDARDS))}, got {standard!r}")
    if quantity not in ("P_L", "N_A"):
        raise ValueError(f"quantity must be 'P_L' or 'N_A', got {quantity!r}")
    count, extent = np.asarray(counts, dtype=np.float64), np.asarray(extents, dtype=np.float64)
    if count.ndim != 1 or not count.size or count.shape != extent.shape:
        raise ValueError(f"counts and extents need one number a sample, got shapes {count.shape} and {extent.shape}")
    if not count.sum() > 0:
        what = "no boundary was crossed" if quantity == "P_L" else "no grain was counted"
        raise ValueError(f"{what}: there is no grain size to report")
    mean, n = float(count.sum() / extent.sum()), count.size
    ci95 = None
    if n > 1:
        spread = math.sqrt(float(((count - mean * extent) ** 2).sum()) / (n - 1))
        ci95 = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * spread * math.sqrt(n) / float(extent.sum())
    number = STANDARDS[standard]

    def to_g(value: float) -> float:
        return number(grains_per_mm2=value) if quantity == "N_A" else number(mean_intercept_um=1000 / value)

    accuracy = None if ci95 is None else 100 * ci95 / mean
    return GrainSize(
        G=to_g(mean),
        G_low=None if ci95 is None or ci95 >= mean else to_g(mean - ci95),
        G_high=None if ci95 is None else to_g(mean + ci95),
        relative_accuracy_percent=accuracy,
        quantity=quantity,
        value=mean,
        ci95=ci95,
        method=method,
        convention=convention,
        standard=standard,
        n_fields=n_fields,
        n_samples=n,
        notes=(*notes, *_missing(accuracy, n, n_fields, fields_asked)),
    )


def _missing(accuracy: float | None, n_samples: int, n_fields: int, fields_asked: int) -> list[str]:
    notes = []
    if n_fields < fields_asked:
        fields = f"{n_fields} field{'' if n_fields == 1 else 's'}"
        notes.append(f"{fields} measured, the procedure asks for at least {fields_asked}")
    if n_fields == 1 and n_samples > 1:
        notes.append(
            f"the interval is from {n_samples} tiles of one field: it does not cover other places of the specimen"
        )
    if accuracy is None:
        notes.append("no interval: one sample does not show the scatter")
    elif accuracy > ACCEPTED_ACCURACY:
        # Student's factor shrinks too, so that the number is a little high for very few samples.
        needed = math.ceil(n_fields * (accuracy / ACCEPTED_ACCURACY) ** 2)
        notes.append(f"%RA {accuracy:.1f} exceeds {ACCEPTED_ACCURACY:g}: about {needed} such fields would do")
    return notes
