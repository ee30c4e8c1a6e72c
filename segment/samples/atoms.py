"""Images of atomic columns whose positions, species and defects are known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Atomic numbers; a column scatters as the sum of Z^1.64 over its atoms, doi 10.1016/j.ultramic.2008.07.001.
ATOMIC_NUMBER = {"C": 6, "O": 8, "S": 16, "Ti": 22, "V": 23, "Sr": 38, "Mo": 42}
EXPONENT = 1.64


@dataclass(frozen=True)
class Structure:
    """A projected crystal: its cell and what stands in it.

    Attributes
    ----------
    a_pm, b_pm : float
        Edges of the cell in picometres.
    angle_deg : float
        Angle between them.
    basis : tuple of (str, float, float)
        Kind of each column and its position in fractions of a and b.
    atoms : mapping of str to tuple of str
        What each kind of column is made of, `defects` included; nothing for an empty one.
    defects : mapping of str to tuple of (str, float)
        Kinds that a column may be instead, and how likely each is.
    """

    a_pm: float
    b_pm: float
    angle_deg: float
    basis: tuple[tuple[str, float, float], ...]
    atoms: Mapping[str, tuple[str, ...]]
    defects: Mapping[str, tuple[tuple[str, float], ...]]


STRUCTURES: dict[str, Structure] = {
    "mos2": Structure(
        316.0,
        316.0,
        120.0,
        (("Mo", 0.0, 0.0), ("S2", 2 / 3, 1 / 3)),
        {"Mo": ("Mo",), "S2": ("S", "S"), "S1": ("S",), "S0": (), "V": ("V",)},
        {"Mo": (("V", 0.015),), "S2": (("S1", 0.025), ("S0", 0.01))},
    ),
    "graphene": Structure(
        246.0,
        246.0,
        120.0,
        (("C", 0.0, 0.0), ("C", 2 / 3, 1 / 3)),
        {"C": ("C",), "gone": ()},
        {"C": (("gone", 0.01),)},
    ),
    "srtio3": Structure(
        390.5,
        390.5,
        90.0,
        (("Sr", 0.0, 0.0), ("TiO", 0.5, 0.5)),
        {"Sr": ("Sr",), "TiO": ("Ti", "O"), "gone": ()},
        {"Sr": (("gone", 0.01),)},
    ),
}


@dataclass(frozen=True)
class ColumnSample:
    """An image of atomic columns and the truth about it.

    Attributes
    ----------
    image : ndarray of float64, shape (h, w)
        Counts.
    expected : ndarray of float64, shape (h, w)
        The counts without noise.
    y, x : ndarray of float64, shape (n,)
        Position of every site in pixels, empty ones included.
    kind : ndarray of str, shape (n,)
        What stands there, e.g. "Mo", "S2", "S1" (one S is missing), "S0" (both are).
    amplitude : ndarray of float64, shape (n,)
        Counts at the middle of the column, above the background; 0 where it is empty.
    pixel_size_pm : float
        Edge of a pixel in picometres.
    sigma_px : float
        Standard deviation of a column in pixels.
    tails : float
        Part of the amplitude that has a standard deviation `TAIL_WIDTH` times as large.
    structure : Structure
    """

    image: NDArray[np.float64]
    expected: NDArray[np.float64]
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    kind: NDArray[np.str_]
    amplitude: NDArray[np.float64]
    pixel_size_pm: float
    sigma_px: float
    tails: float
    structure: Structure


TAIL_WIDTH = 2.3


def make_columns(
    structure: str = "mos2",
    *,
    shape: tuple[int, int] = (512, 512),
    pixel_size_pm: float = 15.6,
    counts: float = 30.0,
    rotation_deg: float = 7.0,
    shear: float = 0.0,
    ramp: float = 0.0,
    background: float = 0.07,
    sigma_pm: float = 45.0,
    tails: float = 0.08,
    defects: bool = True,
    random_state: int = 0,
) -> ColumnSample:
    """Make an image of a crystal, column by column, with Poisson noise.

    Parameters
    ----------
    structure : {"mos2", "graphene", "srtio3"}, default "mos2"
        A key of `STRUCTURES`.
    shape : tuple of int, default (512, 512)
        Height and width in pixels.
    pixel_size_pm : float, default 15.6
        Edge of a pixel in picometres.
    counts : float, default 30.0
        Expected counts above the background in the middle pixel of the brightest kind of column.
    rotation_deg : float, default 7.0
        Angle of the crystal against the rows.
    shear : float, default 0.0
        Rows are shifted by so many pixels a row, as by a drift.
    ramp : float, default 0.0
        The background rises along both axes by so much of `counts` over the image.
    background : float, default 0.07
        Background, as a part of `counts`.
    sigma_pm : float, default 45.0
        Standard deviation of a column in picometres.
    tails : float, default 0.08
        Part of a column's amplitude that is `TAIL_WIDTH` times as wide.
    defects : bool, default True
        Draw vacancies and dopants as the structure says.
    random_state : int, default 0
        Seed of noise, origin and defects.

    Returns
    -------
    ColumnSample
        The image and its truth, in order of rows.

    Raises
    ------
    ValueError
        `structure` is not known, or a size, `counts` or `sigma_pm` is not positive.

    Examples
    --------
    >>> sample = make_columns(shape=(64, 64), random_state=1)
    >>> sample.image.shape, sorted(set(sample.kind) & {"Mo", "S2"})
    ((64, 64), ['Mo', 'S2'])
    """
    if structure not in STRUCTURES:
        raise ValueError(f"structure must be one of {', '.join(STRUCTURES)}, got {structure!r}")
    for name, value in (
        ("counts", counts),
        ("sigma_pm", sigma_pm),
        ("pixel_size_pm", pixel_size_pm),
        ("height", shape[0]),
        ("width", shape[1]),
    ):
        if not value > 0:
            raise ValueError(f"{name} must be positive, got {value}")
    cell, rng = STRUCTURES[structure], np.random.default_rng(random_state)
    y, x, kind = _sites(cell, shape, pixel_size_pm, rotation_deg, shear, 4 * sigma_pm / pixel_size_pm, rng)
    if defects:
        for name, choices in cell.defects.items():
            draw, low = rng.random(kind.size), 0.0
            for other, probability in choices:
                kind[(kind == name) & (draw >= low) & (draw < low + probability)] = other
                low += probability
    strength = {name: sum(ATOMIC_NUMBER[atom] ** EXPONENT for atom in atoms) for name, atoms in cell.atoms.items()}
    brightest = max(strength[name] for name, _, _ in cell.basis)
    amplitude = counts / brightest * np.array([strength[name] for name in kind])
    sigma = sigma_pm / pixel_size_pm
    expected = (1 - tails) * render(y, x, amplitude, sigma, shape)
    expected += tails * render(y, x, amplitude, TAIL_WIDTH * sigma, shape)
    rows, columns = np.linspace(0, 1, shape[0])[:, None], np.linspace(0, 1, shape[1])
    expected += counts * (background + ramp * (rows + columns) / 2)
    is_inside = (y > -0.5) & (x > -0.5) & (y < shape[0] - 0.5) & (x < shape[1] - 0.5)
    order = np.lexsort((x[is_inside], y[is_inside]))
    kept = np.flatnonzero(is_inside)[order]
    image = rng.poisson(expected).astype(np.float64)
    return ColumnSample(
        image, expected, y[kept], x[kept], kind[kept], amplitude[kept], pixel_size_pm, sigma, tails, cell
    )


def _sites(
    cell: Structure,
    shape: tuple[int, int],
    pixel: float,
    rotation_deg: float,
    shear: float,
    margin: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.str_]]:
    first, second = math.radians(rotation_deg), math.radians(rotation_deg + cell.angle_deg)
    vectors = np.array(
        [
            [cell.a_pm * math.sin(first), cell.a_pm * math.cos(first)],
            [cell.b_pm * math.sin(second), cell.b_pm * math.cos(second)],
        ]
    )
    vectors = vectors / pixel @ np.array([[1.0, shear], [0.0, 1.0]])
    # So many cells reach past every corner, however the cell lies.
    reach = np.hypot(*shape) + 2 * margin
    n = int(np.ceil(reach / abs(np.linalg.det(vectors)) * np.linalg.norm(vectors, axis=1).max()))
    grid = np.stack(np.meshgrid(np.arange(-n, n + 1), np.arange(-n, n + 1), indexing="ij"), -1).reshape(-1, 2)
    origin = np.array(shape) / 2 + rng.uniform(0, 1, 2) @ vectors
    points = np.concatenate([(grid + np.array([u, v])) @ vectors for _, u, v in cell.basis]) + origin
    kind = np.repeat(np.array([name for name, _, _ in cell.basis], dtype="<U8"), len(grid))
    near = np.all((points > -margin) & (points < np.array(shape) + margin), axis=1)
    return points[near, 0], points[near, 1], kind[near]


def render(
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    amplitude: NDArray[np.float64],
    sigma: float,
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    """Return the sum of Gaussians of standard deviation `sigma`, shape (h, w), each as far as 5 sigma."""
    reach = math.ceil(5 * sigma)
    offset = np.arange(-reach, reach + 1)
    rows, columns = np.rint(y).astype(int)[:, None] + offset, np.rint(x).astype(int)[:, None] + offset
    down = amplitude[:, None] * np.exp(-((rows - y[:, None]) ** 2) / (2 * sigma**2))
    across = np.exp(-((columns - x[:, None]) ** 2) / (2 * sigma**2))
    down[(rows < 0) | (rows >= shape[0])] = 0
    across[(columns < 0) | (columns >= shape[1])] = 0
    index = np.clip(rows, 0, shape[0] - 1)[:, :, None] * shape[1] + np.clip(columns, 0, shape[1] - 1)[:, None, :]
    patches = down[:, :, None] * across[:, None, :]
    total = np.zeros(shape[0] * shape[1])
    np.add.at(total, index.ravel(), patches.ravel())
    return total.reshape(shape)
