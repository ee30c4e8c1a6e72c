"""What the controls of the page are set to, and how what is typed into them is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from segment.app.user_error import UserError
from segment.composition import Composition
from segment.features import FEATURES
from segment.model import Parameters, presets, resolve

DEFAULT = presets()["default"]


@dataclass(frozen=True)
class Settings:
    """The controls of the page.

    Attributes
    ----------
    n_phases : int
    preset, features : str
    alpha, smoothness : float
    min_region, seed : int
    clahe : bool
    known : str
        Known fractions as they were typed; see `read_composition`.
    most : int
        Largest number of phases to compare.
    intervals : bool
        Whether the fractions get intervals, see `segment.model.intervals`.
    """

    n_phases: int = int(DEFAULT["n_phases"])
    preset: str = "default"
    features: str = str(DEFAULT["features"])
    alpha: float = float(DEFAULT["alpha"])
    smoothness: float = float(DEFAULT["smoothness"])
    min_region: int = int(DEFAULT["min_region"])
    seed: int = 0
    clahe: bool = bool(DEFAULT["clahe"])
    known: str = ""
    most: int = 6
    intervals: bool = True


# The parameter of the same meaning, where its name is another.
PARAMETERS = {"n_phases": "n_phases", "features": "features", "alpha": "alpha", "smoothness": "smoothness"}
PARAMETERS |= {"min_region": "min_region", "seed": "random_state", "clahe": "clahe"}


def settings_of(parameters: Parameters, most_phases: int, known: str = "") -> Settings:
    """Return the settings that stand for parameters; the number of phases is the largest of the page at most.

    Parameters
    ----------
    parameters : Parameters
    most_phases : int
        How far the page's control of the number of phases goes.
    known : str, default ""

    Returns
    -------
    Settings
    """
    values: dict[str, Any] = {name: getattr(parameters, other) for name, other in PARAMETERS.items()}
    values["n_phases"] = max(2, min(parameters.n_phases, most_phases))
    return Settings(**values, preset=parameters.preset, known=known)


def changed(settings: Settings, own: Parameters | None, name: str, value: object, most_phases: int) -> Settings:
    """Return the settings with one of them as the user typed or chose it.

    Parameters
    ----------
    settings : Settings
    own : Parameters or None
        The preset of the user's own, which the page offers beside those of this version.
    name : str
        Of an attribute of `Settings`.
    value : object
        Text or number; a decimal comma counts as a point, and what is empty takes the preset's value.
    most_phases : int

    Returns
    -------
    Settings

    Raises
    ------
    UserError
        If the value cannot be; says what was found and what would be right.
    """
    start = _start(own, settings.preset)
    if name == "preset":
        text = str(value)
        kept = {"known": settings.known, "most": settings.most, "intervals": settings.intervals}
        return replace(settings_of(_start(own, text), most_phases), **kept)
    if name == "known":
        return replace(settings, known=str(value).strip()[:200])
    if name == "features":
        if value not in FEATURES:
            raise UserError(f"There are no features {value!r}; there are {', '.join(sorted(FEATURES))}.")
        return replace(settings, features=str(value))
    if name in ("clahe", "intervals"):
        return replace(settings, **{name: value in (True, "true", "True")})
    bounds: dict[str, tuple[Callable[[str, object, float], float], float, float]] = {
        "n_phases": (read_whole, 2, most_phases),
        "most": (read_whole, 3, most_phases),
        "alpha": (read_number, 0, 1e6),
        "smoothness": (read_number, 0, 1e6),
        "min_region": (read_whole, 0, 1e9),
        "seed": (read_whole, 0, 2**32 - 1),
    }
    if name not in bounds:
        raise UserError(f"There is no setting {name!r}.")
    read, low, high = bounds[name]
    default = 0 if name not in PARAMETERS else getattr(start, PARAMETERS[name])
    number = default if value in ("", None) else read(TITLES[name], value, low)
    if not low <= number <= high:
        raise UserError(f"{TITLES[name]} lies between {low:g} and {high:g}, not at {number:g}.")
    return replace(settings, **{name: number})


TITLES = {
    "n_phases": "The number of phases",
    "most": "The largest number to compare",
    "alpha": "The sparsity",
    "smoothness": "The smoothness",
    "min_region": "The smallest region",
    "seed": "The seed",
}


def read_number(title: str, value: object, low: float = 0.0) -> float:
    """Return a number that somebody typed, with a decimal point or comma; UserError names the field by `title`.

    Examples
    --------
    >>> read_number("The pixel size", "0,25")
    0.25
    """
    text = str(value).strip().replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        raise UserError(f"{title} must be a number, such as 0.25, not {str(value)[:40]!r}.") from None
    if not low <= number < float("inf"):
        raise UserError(f"{title} must be a number of at least {low:g}, not {str(value)[:40]}.")
    return number


def read_whole(title: str, value: object, low: float = 0.0) -> int:
    """Return a whole number that somebody typed; UserError names the field by `title`."""
    number = read_number(title, value, low)
    if number != int(number):
        raise UserError(f"{title} must be a whole number, not {str(value)[:40]}.")
    return int(number)


def parameters_of(settings: Settings, own: Parameters | None) -> Parameters:
    """Return the parameters that the settings stand for.

    Parameters
    ----------
    settings : Settings
    own : Parameters or None
        The preset of the user's own.

    Returns
    -------
    segment.model.Parameters

    Raises
    ------
    ValueError
        If one is out of its range; names it.
    """
    values: dict[str, Any] = {other: getattr(settings, name) for name, other in PARAMETERS.items()}
    return replace(_start(own, settings.preset), **values)


def read_composition(known: str, n_phases: int) -> Composition | None:
    """Return what is known of the composition.

    Parameters
    ----------
    known : str
        Area fractions, phase by phase, in per cent as ``70, 30`` or as parts of one; with a decimal comma, they are
        separated by semicolons or spaces. ``auto`` estimates them from the image; empty: unknown.
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
    >>> read_composition("75 %, 25 %", 2).fractions, read_composition("70,5; 29,5", 2).fractions
    ([0.75, 0.25], [0.705, 0.295])
    >>> read_composition("0.7 0.3", 2).fractions, read_composition("", 2) is None
    ([0.7, 0.3], True)
    """
    text = known.replace("%", " ").strip()
    if not text:
        return None
    if text.lower() == "auto":
        return Composition("auto")
    pointed = [word for word in re.split(r"[,;\s]+", text) if word]
    with_commas = [word.strip(",").replace(",", ".") for word in re.split(r";\s*|\s+", text) if word.strip(",")]
    words = with_commas if len(with_commas) == n_phases or ";" in text else pointed
    try:
        fractions = [float(word) for word in words]
    except ValueError:
        raise UserError(f"Known fractions are numbers of per cent, as 70, 30; not {known[:60]!r}.") from None
    if len(fractions) != n_phases:
        raise UserError(
            f"There are {n_phases} phases, and {len(fractions)} known fractions: give one for each, as 70, 30; with "
            "decimal commas as 70,5; 29,5."
        )
    if not 0.99 <= sum(fractions) <= 1.01:
        fractions = [value / 100 for value in fractions]
    return Composition(fractions)


def _start(own: Parameters | None, preset: str) -> Parameters:
    try:
        return own if own is not None and preset == own.preset else resolve(preset)
    except ValueError as error:
        raise UserError(f"There is no preset {preset!r}.") from error
