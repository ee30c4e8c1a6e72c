"""What is tried: the ways of looking at an image, each with several numbers of phases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from segment.model import Parameters, resolve

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
    flatten : int
        Grey levels that shading is told from; 0: it stays.
    smoothness : float, default 0.0
        Strength of `smoothness_W` on the image grid.
    sharpening : int, default 15
        Most rounds in which components are drawn to the pixels they lead.
    """

    features: str
    scale: float
    flatten: int
    smoothness: float = 0.0
    sharpening: int = 15


# Sixteen, chosen one after the other so that the best of them gains most on nine labelled sets: grey levels for what is
# bright, dark or between, texture for both together, histograms and roughness for phases that are a texture.
LOOKS: tuple[Look, ...] = (
    Look("grey", 0.3, 0),
    Look("grey", 1.0, 1),
    Look("grey", 2.0, 2),
    Look("levels", 1.0, 0),
    Look("levels", 1.0, 2),
    Look("levels", 1.0, 2, smoothness=8.0),
    Look("levels", 1.0, 3),
    Look("texture", 1.0, 0),
    Look("texture", 1.0, 2),
    Look("texture", 1.0, 3),
    Look("histogram", 0.5, 2, sharpening=0),
    Look("histogram", 2.5, 0),
    Look("histogram", 2.5, 2),
    Look("roughness", 0.3, 0, sharpening=0),
    Look("roughness", 1.0, 0, sharpening=0),
    Look("roughness", 2.5, 0, sharpening=0),
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


def _parameters(look: Look, n_phases: int, random_state: int) -> Parameters:
    return resolve(
        n_phases=n_phases,
        features=look.features,
        scale=look.scale,
        flatten=look.flatten,
        smoothness=look.smoothness,
        sharpening=look.sharpening,
        refine=False,
        max_pixels=MAX_PIXELS,
        random_state=random_state,
    )
