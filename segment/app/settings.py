"""What the page's controls stand for."""

from __future__ import annotations

from dataclasses import replace

from segment.app.session import UserError
from segment.composition import Composition
from segment.model import Parameters, resolve


def read_settings(
    own: Parameters | None,
    n_phases: float,
    preset: str,
    features: str,
    alpha: float | None,
    clahe: bool,
    smoothness: float | None,
    min_region: float | None,
    seed: float | None,
) -> Parameters:
    """Return the parameters that the page's controls stand for; an empty one takes the preset's value.

    Parameters
    ----------
    own : Parameters or None
        The preset of the user's own, which the page offers beside those of this version.
    n_phases, preset, features, alpha, clahe, smoothness, min_region, seed : object
        What the controls hold.

    Raises
    ------
    ValueError
        If one is out of its range; names it.
    """
    start = own if own is not None and preset == own.preset else resolve(preset)
    return replace(
        start,
        n_phases=int(n_phases),
        features=features,
        alpha=start.alpha if alpha is None else float(alpha),
        clahe=bool(clahe),
        smoothness=start.smoothness if smoothness is None else float(smoothness),
        min_region=start.min_region if min_region is None else int(min_region),
        random_state=int(seed or 0),
    )


def read_composition(known: str | None, n_phases: int) -> Composition | None:
    """Return what is known of the composition.

    Parameters
    ----------
    known : str or None
        Per cent of the area, phase by phase, as ``70, 30``; ``auto`` estimates them from the image; empty: unknown.
    n_phases : int

    Returns
    -------
    Composition or None
        None where nothing is known.

    Raises
    ------
    UserError
        If it is not one number a phase.

    Examples
    --------
    >>> read_composition("75 %, 25 %", 2).fractions
    [0.75, 0.25]
    >>> read_composition("", 2) is None
    True
    """
    words = (known or "").replace("%", " ").replace(",", " ").replace(";", " ").split()
    if not words:
        return None
    if words == ["auto"]:
        return Composition("auto")
    try:
        shares = [float(word) / 100 for word in words]
    except ValueError as error:
        raise UserError(f"Known fractions are numbers of per cent, as 70, 30; not {known!r}.") from error
    if len(shares) != n_phases:
        raise UserError(f"There are {n_phases} phases, and {len(shares)} known fractions: give one for each.")
    return Composition(shares)
