"""Automatic image analysis of a second phase or of inclusions, as E1245 asks: per field, then over the fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segment.measure.fields import FieldStatistics, summarise_fields


@dataclass(frozen=True)
class ConstituentField:
    """What one field says of a constituent.

    Attributes
    ----------
    area_fraction : float
        A_A, 0 to 1.
    per_mm2 : float
        N_A, objects per square millimetre.
    mean_area_um2 : float or None
        A_A / N_A; None without an object.
    intercepts_per_mm : float
        N_L, objects that test lines along the rows meet, per millimetre.
    mean_chord_um : float or None
        A_A / N_L; None without an object.
    mean_free_path_um : float or None
        (1 - A_A) / N_L; None without an object.
    """

    area_fraction: float
    per_mm2: float
    mean_area_um2: float | None
    intercepts_per_mm: float
    mean_chord_um: float | None
    mean_free_path_um: float | None


def measure_constituent(
    mask: NDArray[np.bool_], *, pixel_size_um: float, valid: NDArray[np.bool_] | None = None
) -> ConstituentField:
    """Measure one field: area fraction, number, mean area, intercepts, mean chord and mean free path.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
        True on the constituent. Pixels that touch by a corner are one object; one that an edge cuts counts half, as
        every object is cut by one of two opposite edges as often as the other.
    pixel_size_um : float
        Edge of a pixel in micrometres.
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all. The others are no part of the field, and cut what reaches them.

    Returns
    -------
    ConstituentField

    Raises
    ------
    ValueError
        If the mask is no image or the pixel size is not positive.

    References
    ----------
    ASTM E1245, "Standard practice for determining the inclusion or second-phase constituent content of metals by
    automatic image analysis".

    Examples
    --------
    >>> mask = np.zeros((100, 100), bool)
    >>> mask[20:30, 20:40] = True
    >>> field = measure_constituent(mask, pixel_size_um=1.0)
    >>> field.area_fraction, field.per_mm2, field.mean_area_um2, field.intercepts_per_mm, field.mean_chord_um
    (0.02, 100.0, 200.0, 1.0, 20.0)
    """
    area = np.asarray(mask, dtype=bool)
    if area.ndim != 2 or not area.size:
        raise ValueError(f"mask must have shape (h, w), got {area.shape}")
    if not 0 < pixel_size_um < np.inf:
        raise ValueError(f"pixel_size_um must be positive, got {pixel_size_um}")
    inside = np.ones(area.shape, dtype=bool) if valid is None else np.asarray(valid, dtype=bool)
    if inside.shape != area.shape or not inside.any():
        raise ValueError(f"valid must have the shape of mask, {area.shape}, and a pixel, got {inside.shape}")
    area, n_pixels = area & inside, int(np.count_nonzero(inside))
    # Slow to load, and no part of a start.
    from skimage.measure import label

    from segment.objects.find import edge_of

    objects = np.asarray(label(area, connectivity=2))
    n_objects = int(objects.max(initial=0))
    is_cut = np.zeros(n_objects + 1, dtype=bool)
    is_cut[objects[edge_of(inside.shape, inside)]] = True
    is_cut[0] = False
    number = n_objects - is_cut[1:].sum() / 2
    fraction = float(area[inside].mean())
    per_mm2 = float(number / (n_pixels * (pixel_size_um / 1000) ** 2))
    per_mm = float(_count_chords(area, inside) / (n_pixels * pixel_size_um / 1000))
    return ConstituentField(
        area_fraction=fraction,
        per_mm2=per_mm2,
        mean_area_um2=1e6 * fraction / per_mm2 if per_mm2 else None,
        intercepts_per_mm=per_mm,
        mean_chord_um=1000 * fraction / per_mm if per_mm else None,
        mean_free_path_um=1000 * (1 - fraction) / per_mm if per_mm else None,
    )


def _count_chords(area: NDArray[np.bool_], inside: NDArray[np.bool_]) -> float:
    """Count the left ends of the chords along the rows of pixels that count, and half of those that the edge hides."""
    before = np.pad(inside, ((0, 0), (1, 0)))[:, :-1]
    # In order of rows, each piece of a row begins where the one before it ends.
    first, last = np.flatnonzero(inside & ~before), np.flatnonzero(inside & ~np.pad(inside, ((0, 0), (0, 1)))[:, 1:])
    begins, ends = area.ravel()[first], area.ravel()[last]
    starts = (area[:, 1:] & ~area[:, :-1] & inside[:, :-1]).sum() + begins.sum() / 2 - (ends & ~begins).sum() / 2
    return max(float(starts), 0.0)


def summarise_constituent(fields: Sequence[ConstituentField]) -> dict[str, FieldStatistics]:
    """Summarise every quantity over the fields: mean, standard deviation, 95 % interval and relative accuracy.

    Parameters
    ----------
    fields : sequence of ConstituentField
        At least one.

    Returns
    -------
    dict of str to FieldStatistics
        By the names of the fields' attributes; those that no field has are left out.

    Raises
    ------
    ValueError
        If there is no field.

    Examples
    --------
    >>> masks = [np.eye(50, dtype=bool), np.zeros((50, 50), bool)]
    >>> found = summarise_constituent([measure_constituent(mask, pixel_size_um=1.0) for mask in masks])
    >>> round(found["area_fraction"].mean, 3), found["area_fraction"].n_fields, found["mean_area_um2"].n_fields
    (0.01, 2, 1)
    """
    if not fields:
        raise ValueError("fields is empty: statistics need at least one field")
    found = {}
    for name in ConstituentField.__dataclass_fields__:
        values = [getattr(item, name) for item in fields if getattr(item, name) is not None]
        if values:
            found[name] = summarise_fields(values)
    return found
