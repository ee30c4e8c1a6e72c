"""One synthetic micrograph whose phases are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segment.samples.materials import COLOURED, MATERIALS, Material
from segment.samples.microscope import draw_band, expose

SMALLEST_SIDE = 64


@dataclass(frozen=True)
class Sample:
    """A synthetic micrograph and the truth about it.

    Attributes
    ----------
    image : ndarray of uint8, shape (h, w) or, with an information band below, (h + b, w)
        As a microscope would store it; with three channels more, RGB, of a material in `COLOURED`.
    truth : ndarray of uint8, shape (h, w)
        Phase ids, without the band.
    names : tuple of str
        Name of each id.
    fractions : ndarray of float64, shape (len(names),)
        Area fraction of each phase in `truth`.
    pixel_size_um : float
        Edge of a pixel in micrometres.
    """

    image: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    names: tuple[str, ...]
    fractions: NDArray[np.float64]
    pixel_size_um: float


def make_micrograph(material: str, *, shape: tuple[int, int] = (512, 640), seed: int = 0, band: bool = True) -> Sample:
    """Draw a microstructure and look at it through a simulated microscope: an electron microscope, or one in colour.

    Parameters
    ----------
    material : str
        A key of `MATERIALS` or `COLOURED`.
    shape : (int, int), default (512, 640)
        Height and width in pixels, without the band; at least 64 each.
    seed : int, default 0
        Same material, shape and seed, same bits.
    band : bool, default True
        Whether an information band is added below, a twelfth of the height, at least 12 pixels.

    Returns
    -------
    Sample

    Raises
    ------
    ValueError
        `material` is unknown, the message lists those that are; `shape` is too small; `seed` is negative.

    Examples
    --------
    >>> sample = make_micrograph("ductile_iron", shape=(96, 128), seed=1)
    >>> sample.image.shape, sample.truth.shape, sample.names
    ((108, 128), (96, 128), ('pearlite', 'ferrite', 'graphite'))
    """
    check_request(material, shape, seed)
    recipe = (MATERIALS | COLOURED)[material]
    rng = np.random.default_rng([seed, *material.encode()])
    signal, truth = recipe.draw(shape, rng)
    return finish(recipe, signal, truth, rng, band=band)


def check_request(material: str, shape: tuple[int, int], seed: int) -> None:
    """Raise a ValueError that names what is wrong with a material, a shape or a seed."""
    known = MATERIALS | COLOURED
    if material not in known:
        raise ValueError(f"material must be one of {', '.join(map(repr, sorted(known)))}, got {material!r}")
    if len(shape) != 2 or min(shape) < SMALLEST_SIDE:
        raise ValueError(f"shape must be (height, width), at least {SMALLEST_SIDE} pixels each, got {shape}")
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")


def finish(
    recipe: Material,
    signal: NDArray[np.float32],
    truth: NDArray[np.uint8],
    rng: np.random.Generator,
    *,
    band: bool,
) -> Sample:
    """Look at a scene through the microscope, and add the band."""
    image = expose(np.clip(signal, 0, 1), rng)
    if band:
        width, height = signal.shape[1], max(signal.shape[0] // 12, 12)
        drawn = draw_band(width, height, recipe.pixel_size_um, rng)
        image = np.vstack([image, drawn if image.ndim == 2 else np.repeat(drawn[..., None], 3, axis=2)])
    fractions = np.bincount(truth.ravel(), minlength=len(recipe.phases)) / truth.size
    return Sample(image, truth, recipe.phases, fractions, recipe.pixel_size_um)
