"""What is tried: the ways of looking at an image, each with several numbers of phases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

from segment.model import Parameters, resolve

# Enough for the components, and what makes a picked preset find again what the sheet shows.
MAX_PIXELS = 10_000


@dataclass(frozen=True)
class Configuration:
    """Features of an image, and what is made of them.

    Attributes
    ----------
    features : str
        A key of `segment.features.FEATURES`.
    scale : float
        Factor on the widths of windows and blurs.
    flatten : int or "auto"
        Grey-level classes by which the background is estimated; 0: it stays; "auto": as the feature set has it.
    smoothness : float, default 0.0
        Strength of `smoothness_W` on the image grid.
    sharpening : int, default 15
        Most rounds in which components are drawn to the pixels they lead.
    refine : bool, default False
        Describe each phase by what its pixels look like, and map by that.
    choices : tuple of str, default ()
        Choices of other features that the image may ask for.
    max_pixels : int, default 10,000
        Most pixels that a fit looks at; 0: all.
    """

    features: str
    scale: float
    flatten: int | str
    smoothness: float = 0.0
    sharpening: int = 15
    refine: bool = False
    choices: tuple[str, ...] = ()
    max_pixels: int = MAX_PIXELS


# The preset itself, whose fit sees every pixel: what `segment run` makes is one to choose.
DEFAULT = Configuration(**{field.name: getattr(resolve(), field.name) for field in fields(Configuration)})
# Sixteen, chosen so that the best of them gains most on nine labelled sets: grey levels for what is bright, dark or
# between, texture for both together, histograms and roughness for phases that are a texture. Those of
# texture are refined; only of one roughness the components are worth a place too.
CONFIGURATIONS: tuple[Configuration, ...] = (
    DEFAULT,
    Configuration("grey", 0.3, 0),
    Configuration("grey", 1.0, 1),
    Configuration("grey", 2.0, 2),
    Configuration("levels", 1.0, 0),
    Configuration("levels", 1.0, 2),
    Configuration("levels", 1.0, 2, smoothness=8.0),
    Configuration("levels", 1.0, 3),
    Configuration("texture", 1.0, 0, refine=True),
    Configuration("texture", 1.0, 3, refine=True),
    Configuration("histogram", 0.5, 2, sharpening=0, refine=True),
    Configuration("histogram", 2.5, 0, refine=True),
    Configuration("roughness", 0.3, 0, sharpening=0, refine=True),
    Configuration("roughness", 1.0, 0, sharpening=0),
    Configuration("roughness", 1.0, 0, sharpening=0, refine=True),
    Configuration("roughness", 2.5, 0, sharpening=0, refine=True),
)


def make_grid(
    n_phases: Iterable[int] = (2, 3, 4), *, random_state: int = 0
) -> dict[Configuration, tuple[Parameters, ...]]:
    """Return the parameters of every candidate, by configuration.

    Parameters
    ----------
    n_phases : iterable of int, default (2, 3, 4)
        Numbers of phases to try under every configuration.
    random_state : int, default 0
        Seed of every random choice.

    Returns
    -------
    dict of Configuration to tuple of Parameters
        One for each number of phases.

    Raises
    ------
    ValueError
        If there is no number, or one is not from 1 to 255.

    Examples
    --------
    >>> sum(len(several) for several in make_grid().values())
    48
    """
    numbers = sorted(set(n_phases))
    if not numbers:
        raise ValueError("n_phases is empty: at least one number is needed")
    return {one: tuple(_parameters(one, k, random_state) for k in numbers) for one in CONFIGURATIONS}


def is_default(parameters: Parameters) -> bool:
    """Return whether a candidate is what the preset "default" makes of its number of phases."""
    return parameters == resolve(n_phases=parameters.n_phases, random_state=parameters.random_state)


def _parameters(configuration: Configuration, n_phases: int, random_state: int) -> Parameters:
    return resolve(n_phases=n_phases, random_state=random_state, **asdict(configuration))
