"""The parameters of a segmentation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

INITS = ("auto", "random", "nndsvd", "nndsvda", "nndsvdar")
MAX_PHASES = 255
SMALLEST_SCALE = 0.01
MOST_LEVELS = 64
# Choices that earlier versions made, or did not, by a parameter of their own; that by colours always.
SWITCHES, ALWAYS = ("textures", "boundaries"), "colours"
# Parameters that files written before them lack, with the values that do nothing.
LATER: dict[str, Any] = {
    "scale": 1.0,
    "flatten": "auto",
    "refine": False,
    "choices": (),
    "max_pixels": 0,
    "smoothness": 0.0,
    "min_region": 0,
}


@dataclass(frozen=True)
class Parameters:
    """Everything that decides a segmentation besides the images.

    Attributes
    ----------
    preset : str
        Name of the preset the other values started from.
    n_phases : int
        Number of phases k, 1 to 255.
    features : str
        Name of a feature set in `segment.features.FEATURES`.
    scale : float
        Multiplies every width of a neighbourhood in the features, at least 0.01.
    flatten : int or "auto"
        Number of grey-level classes, up to 64, by which the background is estimated; 0: it stays; "auto": as
        the feature set has it.
    size : int or "native"
        Edge of the square an image is resized to before its features are taken, in pixels; "native" leaves it as it is.
    clahe : bool
        Equalise contrast locally (clip 2.0, 8 x 8 tiles) before the features.
    alpha : float
        Strength of the penalty on every entry of W and H; see `Segmenter` for the objective.
    l1_ratio : float
        Fraction of L1 in the penalty, 0 to 1.
    max_iter : int
        Largest number of iterations of a fit.
    tol : float
        Relative decrease below which a fit stops.
    init : {"auto", "random", "nndsvd", "nndsvda", "nndsvdar"}
        Start of a fit; "auto" is nndsvda below 5 components and random from 5.
    sharpening : int
        Most rounds in which each component is drawn to the pixels it leads, after the fit; 0: none.
    refine : bool
        Describe each phase by what its pixels look like, after the fit, and map by that; see `Segmenter`.
    choices : tuple of str
        Choices of other features that the images may ask for in the place of "texture": names in
        `segment.model.choices.CHOICES`; empty: none. See `Segmenter`.
    max_pixels : int
        Most pixels that a fit looks at, drawn by the seed; 0: all.
    smoothness : float
        Strength of the engine's ``smoothness_W`` on the image grid when a map is made; 0: none.
    min_region : int
        Smallest connected region of a label that is kept, in pixels of the image; 0: all.
    random_state : int
        Seed of every random choice.

    Raises
    ------
    ValueError
        If a value is out of its range; the message names the parameter and the value.
    """

    preset: str
    n_phases: int
    features: str
    scale: float
    flatten: int | str
    size: int | str
    clahe: bool
    alpha: float
    l1_ratio: float
    max_iter: int
    tol: float
    init: str
    sharpening: int
    refine: bool
    choices: tuple[str, ...]
    max_pixels: int
    smoothness: float
    min_region: int
    random_state: int

    def __post_init__(self) -> None:
        _check_whole("n_phases", self.n_phases, 1, MAX_PHASES)
        _check_whole("max_iter", self.max_iter, 1, None)
        _check_whole("sharpening", self.sharpening, 0, None)
        _check_whole("max_pixels", self.max_pixels, 0, None)
        _check_whole("min_region", self.min_region, 0, None)
        _check_whole("random_state", self.random_state, 0, 2**32 - 1)
        if self.size != "native":
            _check_whole("size", self.size, 8, 32767)
        for name in ("clahe", "refine"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be True or False, got {getattr(self, name)!r}")
        _check_real("scale", self.scale, SMALLEST_SCALE, None)
        if self.flatten != "auto":
            _check_whole("flatten", self.flatten, 0, MOST_LEVELS)
        _check_real("alpha", self.alpha, 0.0, None)
        _check_real("l1_ratio", self.l1_ratio, 0.0, 1.0)
        _check_real("tol", self.tol, 0.0, None)
        _check_real("smoothness", self.smoothness, 0.0, None)
        if self.init not in INITS:
            raise ValueError(f"init must be one of {', '.join(INITS)}, got {self.init!r}")
        if not isinstance(self.choices, (list, tuple)) or not all(isinstance(name, str) for name in self.choices):
            raise ValueError(f"choices must be a sequence of names, got {self.choices!r}")
        object.__setattr__(self, "choices", tuple(self.choices))
        if not isinstance(self.features, str):
            raise ValueError(f"features must be the name of a feature set, got {self.features!r}")

    def to_json(self) -> dict[str, Any]:
        """Return the parameters as a dict of JSON values."""
        return {**asdict(self), "choices": list(self.choices)}


def upgrade(record: dict[str, Any], start: Iterable[str] = (ALWAYS,)) -> dict[str, Any]:
    """Return values of parameters with `choices` in the place of the parameters that earlier versions had for them.

    Parameters
    ----------
    record : dict
    start : iterable of str
        The choices where `record` says nothing of one.

    Returns
    -------
    dict
        `record` itself where it is of this version.

    Examples
    --------
    >>> upgrade({"alpha": 0.1, "textures": True, "boundaries": False})
    {'alpha': 0.1, 'choices': ('colours', 'textures')}
    """
    if "choices" in record or not any(name in record for name in SWITCHES):
        return record
    kept = {name: value for name, value in record.items() if name not in SWITCHES}
    is_made = {**dict.fromkeys(start, True), **{name: record[name] for name in SWITCHES if name in record}}
    return {**kept, "choices": tuple(name for name, made in is_made.items() if made)}


def from_json(record: dict[str, Any]) -> Parameters:
    """Return the parameters that `Parameters.to_json` wrote, in this version or an earlier one.

    Raises
    ------
    ValueError
        If a parameter is missing, unknown or out of its range.
    """
    names = {field.name for field in fields(Parameters)}
    record = {**LATER, **upgrade(record)}
    if set(record) != names:
        raise ValueError(f"expected the parameters {sorted(names)}, found {sorted(record)}")
    return Parameters(**record)


def _check_whole(name: str, value: object, low: int, high: int | None) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):  # pyright: ignore[reportOperatorIssue]
        span = f"at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name} must be a whole number {span}, got {value!r}")


def _check_real(name: str, value: object, low: float, high: float | None) -> None:
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not real or not low <= value < float("inf") or (high is not None and value > high):  # pyright: ignore[reportOperatorIssue]
        span = f"at least {low:g}" if high is None else f"from {low:g} to {high:g}"
        raise ValueError(f"{name} must be a number {span}, got {value!r}")
