"""What the user knows of the composition, checked and turned into one area fraction for every phase."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

# A sum that misses one by less than this is rounding on the user's side; by more it is a mistake.
SLACK = 0.01
EXACT = 1e-6

Fractions = Mapping[str, ArrayLike] | Sequence[float] | NDArray[np.floating]


def area_fractions(
    fractions: Fractions,
    names: Sequence[str],
    *,
    shape: tuple[int, int] | None = None,
    densities: Mapping[str, float] | Sequence[float] | None = None,
) -> NDArray[np.float64]:
    """Check the fractions of a mixture and return them as area fractions in phase order.

    Parameters
    ----------
    fractions : mapping of str to float or array, or sequence of float
        By phase name, or in phase order; one number for each phase, or one map of shape (h, w) for each, where the
        fractions vary with position. A phase that a mapping does not name has the fraction 0, which says that it is
        absent. A sequence may be shorter than `names`: the phases at the end are then absent.
    names : sequence of str
        Name of every phase, in phase order.
    shape : (int, int), optional
        Height and width of the image; needed for maps.
    densities : mapping of str to float or sequence of float, optional
        Density of every phase, in any one unit. With it `fractions` are weight fractions w, and the area fractions
        are those of the volume, ``V_i = (w_i / rho_i) / sum_j (w_j / rho_j)``.

    Returns
    -------
    ndarray of float64, shape (k,) or (k, h, w)
        Non-negative, summing to one over the phases.

    Raises
    ------
    ValueError
        If a phase is unknown, there are more fractions than phases, a fraction is negative or not finite, they miss a
        sum of one by more than 1 %, a map has another shape than the image, or a density is missing or not positive.

    Warns
    -----
    UserWarning
        If the sum misses one by up to 1 %: the fractions are divided by it.

    Examples
    --------
    >>> area_fractions({"martensite": 0.3, "ferrite": 0.7}, ["ferrite", "martensite"]).tolist()
    [0.7, 0.3]
    >>> area_fractions([0.5, 0.5], ["graphite", "iron"], densities=[2.0, 8.0]).tolist()
    [0.8, 0.2]
    """
    rows = _in_phase_order(fractions, names, "fractions")
    target = _as_planes([row if row is not None else 0.0 for row in rows], names, shape)
    if not np.all(np.isfinite(target)):
        raise ValueError("fractions must be finite, got NaN or infinity")
    if target.min() < 0:
        phase = int(np.argwhere(target == target.min())[0][0])
        raise ValueError(f"fractions must not be negative, got {target.min():g} for {names[phase]!r}")
    target = _normalised(target)
    if densities is None:
        return target
    volumes = target / _checked_densities(densities, names, target).reshape(-1, *[1] * (target.ndim - 1))
    return volumes / volumes.sum(axis=0)


def fraction_profile(values: ArrayLike, shape: tuple[int, int], axis: str) -> NDArray[np.float64]:
    """Spread fractions known along a line over the image: a case depth, a weld, bands.

    Parameters
    ----------
    values : array-like of float, shape (k, n)
        Fraction of each phase at n >= 1 equally spaced places from one edge of the image to the other, edges included.
    shape : (int, int)
        Height and width of the image.
    axis : {"down", "across"}
        Whether the places follow one another from top to bottom or from left to right.

    Returns
    -------
    ndarray of float64, shape (k, h, w)
        Interpolated linearly between the places; a `fractions` argument for `guide`.

    Raises
    ------
    ValueError
        If `values` is not of shape (k, n) or `axis` is neither "down" nor "across".

    Examples
    --------
    >>> fraction_profile([[1.0, 0.0], [0.0, 1.0]], (3, 2), "down")[0].tolist()
    [[1.0, 1.0], [0.5, 0.5], [0.0, 0.0]]
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"values must have the shape (phases, places), got {values.shape}")
    if axis not in ("down", "across"):
        raise ValueError(f"axis must be 'down' or 'across', got {axis!r}")
    length = shape[0] if axis == "down" else shape[1]
    places, known = np.linspace(0.0, 1.0, length), np.linspace(0.0, 1.0, values.shape[1])
    lines = np.stack([np.interp(places, known, row) for row in values])
    lines = lines[:, :, None] if axis == "down" else lines[:, None, :]
    return np.broadcast_to(lines, (len(values), *shape)).copy()


def _in_phase_order(given: Fractions, names: Sequence[str], argument: str) -> list[ArrayLike | None]:
    """Return one entry a phase, None where nothing was given for it."""
    if isinstance(given, Mapping):
        unknown = [name for name in given if name not in names]
        if unknown:
            raise ValueError(f"{argument}: no phase is named {unknown[0]!r}; the phases are {', '.join(names)}")
        ambiguous = [name for name in given if list(names).count(name) > 1]
        if ambiguous:
            raise ValueError(f"{argument}: {ambiguous[0]!r} names more than one phase; give a sequence in phase order")
        return [given.get(name) for name in names]
    if isinstance(given, str) or np.ndim(given) == 0:
        raise ValueError(f"{argument} must be a mapping by phase name or a sequence in phase order, got {given!r}")
    if len(given) > len(names):
        raise ValueError(f"{argument}: {len(given)} given for {len(names)} phases ({', '.join(names)})")
    return [*given, *[None] * (len(names) - len(given))]


def _as_planes(rows: Sequence[ArrayLike], names: Sequence[str], shape: tuple[int, int] | None) -> NDArray[np.float64]:
    try:
        planes = [np.asarray(row, dtype=np.float64) for row in rows]
    except (TypeError, ValueError) as error:
        raise ValueError(f"fractions must be numbers or maps of numbers: {error}") from error
    if all(plane.ndim == 0 for plane in planes):
        return np.array(planes, dtype=np.float64)
    for name, plane in zip(names, planes, strict=True):
        if plane.ndim and (shape is None or plane.shape != tuple(shape)):
            expected = "a number" if shape is None else f"a number or a map of shape {tuple(shape)}"
            raise ValueError(f"fractions of {name!r} must be {expected}, got shape {plane.shape}")
    return np.stack([np.broadcast_to(plane, shape or ()) for plane in planes])


def _normalised(target: NDArray[np.float64]) -> NDArray[np.float64]:
    total = target.sum(axis=0)
    worst = float(np.ravel(total)[np.argmax(np.abs(np.ravel(total) - 1.0))])
    if abs(worst - 1.0) > SLACK * (1 + 1e-9):
        raise ValueError(f"fractions must sum to one, got {worst:.4g}; a phase that is left out counts as 0")
    if abs(worst - 1.0) > EXACT:
        warnings.warn(f"fractions sum to {worst:.4g}; they were divided by it", UserWarning, stacklevel=4)
    return target / total


def _checked_densities(
    densities: Mapping[str, float] | Sequence[float], names: Sequence[str], target: NDArray[np.float64]
) -> NDArray[np.float64]:
    checked = np.ones(len(names))
    for phase, density in enumerate(_in_phase_order(densities, names, "densities")):
        is_present = bool(target[phase].any())
        if density is None:
            if is_present:
                raise ValueError(f"densities: none is given for {names[phase]!r}")
            continue
        checked[phase] = float(density)  # pyright: ignore[reportArgumentType]
        if not (np.isfinite(checked[phase]) and checked[phase] > 0):
            raise ValueError(f"densities must be positive, got {density} for {names[phase]!r}")
    return checked
