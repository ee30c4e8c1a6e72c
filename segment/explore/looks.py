"""What is tried: the ways of looking at an image, each with several numbers of phases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

from segment.model import Parameters, presets, resolve

# Enough for the components, and what makes a picked preset find again what the sheet shows.
MAX_PIXELS = 10_000


@dataclass(frozen=True)
class Look:
    """A way of looking at an image.

    Attributes
    ----------
    features : str
        A key of `segment.features.FEATURES`.
    scale : float
        Factor on the widths of windows and blurs.
    flatten : int or "auto"
        Grey levels that shading is told from; 0: it stays; "auto": as the feature set has it.
    smoothness : float, default 0.0
        Strength of `smoothness_W` on the image grid.
    sharpening : int, default 15
        Most rounds in which components are drawn to the pixels they lead.
    refine : bool, default False
        Describe each phase by what its pixels look like, and map by that.
    textures : bool, default False
        Tell phases by their texture where their grey levels cannot.
    boundaries : bool, default False
        Tell grains from their boundaries where grains have many grey levels.
    max_pixels : int, default 10,000
        Most pixels that a fit looks at; 0: all.
    """

    features: str
    scale: float
    flatten: int | str
    smoothness: float = 0.0
    sharpening: int = 15
    refine: bool = False
    textures: bool = False
    boundaries: bool = False
    max_pixels: int = MAX_PIXELS


# The preset itself, whose fit sees every pixel: what `segment run` makes is one to choose.
DEFAULT = Look(**{field.name: presets()["default"][field.name] for field in fields(Look)})
# Sixteen, chosen so that the best of them gains most on nine labelled sets: grey levels for what is bright, dark or
# between, texture for both together, histograms and roughness for phases that are a texture. Looks at
# texture are refined; only of one roughness the components are worth a place too.
LOOKS: tuple[Look, ...] = (
    DEFAULT,
    Look("grey", 0.3, 0),
    Look("grey", 1.0, 1),
    Look("grey", 2.0, 2),
    Look("levels", 1.0, 0),
    Look("levels", 1.0, 2),
    Look("levels", 1.0, 2, smoothness=8.0),
    Look("levels", 1.0, 3),
    Look("texture", 1.0, 0, refine=True),
    Look("texture", 1.0, 3, refine=True),
    Look("histogram", 0.5, 2, sharpening=0, refine=True),
    Look("histogram", 2.5, 0, refine=True),
    Look("roughness", 0.3, 0, sharpening=0, refine=True),
    Look("roughness", 1.0, 0, sharpening=0),
    Look("roughness", 1.0, 0, sharpening=0, refine=True),
    Look("roughness", 2.5, 0, sharpening=0, refine=True),
)


def make_grid(n_phases: Iterable[int] = (2, 3, 4), *, random_state: int = 0) -> dict[Look, tuple[Parameters, ...]]:
    """Return the parameters of every candidate, by look.

    Parameters
    ----------
    n_phases : iterable of int, default (2, 3, 4)
        Numbers of phases to try under every look.
    random_state : int, default 0
        Seed of every random choice.

    Returns
    -------
    dict of Look to tuple of Parameters
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
    return {look: tuple(_parameters(look, k, random_state) for k in numbers) for look in LOOKS}


def is_default(parameters: Parameters) -> bool:
    """Return whether a candidate is what the preset "default" makes of its number of phases."""
    return parameters == resolve(n_phases=parameters.n_phases, random_state=parameters.random_state)


def _parameters(look: Look, n_phases: int, random_state: int) -> Parameters:
    return resolve(n_phases=n_phases, random_state=random_state, **asdict(look))
