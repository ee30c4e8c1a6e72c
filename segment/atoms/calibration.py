"""Compare the pixel size with the lattice that is seen."""

from __future__ import annotations

import math
import re

from segment.records import Lattice, LatticeCheck

# (a, b, angle) of projected cells in picometres and degrees, as they are seen along common axes.
KNOWN_CELLS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "MoS2": ((316.0, 316.0, 120.0),),
    "WS2": ((315.3, 315.3, 120.0),),
    "MoSe2": ((328.9, 328.9, 120.0),),
    "WSe2": ((328.2, 328.2, 120.0),),
    "graphene": ((246.0, 246.0, 120.0),),
    "hBN": ((250.4, 250.4, 120.0),),
    "SrTiO3": ((390.5, 390.5, 90.0),),
    "SrRuO3": ((393.0, 393.0, 90.0),),
    "PbTiO3": ((390.4, 415.2, 90.0), (390.4, 390.4, 90.0)),
    "BaTiO3": ((399.2, 403.6, 90.0),),
    "LaAlO3": ((379.0, 379.0, 90.0),),
    "YBa2Cu3O7": ((382.0, 1168.0, 90.0), (388.5, 1168.0, 90.0)),
    "Si": ((384.0, 543.1, 90.0), (384.0, 384.0, 90.0)),
    "Au": ((288.4, 407.8, 90.0), (203.9, 203.9, 90.0)),
}
NAMES = {
    "yttriumbariumcopperoxide": "YBa2Cu3O7",
    "ybco": "YBa2Cu3O7",
    "pto": "PbTiO3",
    "sto": "SrTiO3",
    "sro": "SrRuO3",
}
# A calibration that is further off is wrong, in parts.
TOLERANCE = 0.05
# Directions that differ by more show a distorted scan, in parts.
DISTORTION = 0.03


def find_cells(material: str) -> tuple[tuple[float, float, float], ...]:
    """Return the cells of a material by its name.

    Parameters
    ----------
    material : str
        For example "MoS2 monolayer".

    Returns
    -------
    tuple of (float, float, float)
        Lengths in picometres and the angle in degrees; empty where the material is not known.

    Examples
    --------
    >>> find_cells("MoS2 monolayer")
    ((316.0, 316.0, 120.0),)
    """
    words = re.sub(r"[^a-z0-9]", "", material.lower())
    for name, known in NAMES.items():
        if name in words:
            return KNOWN_CELLS[known]
    return next((cells for name, cells in KNOWN_CELLS.items() if name.lower() in words), ())


def read_cells(text: str) -> tuple[tuple[float, float, float], ...]:
    """Read what a lattice should be, as somebody types it.

    Parameters
    ----------
    text : str
        Lengths in picometres and the angle in degrees, ``'a,b,angle'``, or the name of a material.

    Returns
    -------
    tuple of (float, float, float)
        One cell, or all projected cells of the material.

    Raises
    ------
    ValueError
        If the material is not known, or no such cell can be.

    Examples
    --------
    >>> read_cells("316, 316, 120") == read_cells("MoS2")
    True
    """
    try:
        a, b, angle = (float(part) for part in text.split(","))
    except ValueError:
        known = find_cells(text)
        if not known:
            raise ValueError(f"'a,b,angle', or one of {', '.join(KNOWN_CELLS)}; got {text[:40]!r}") from None
        return known
    if not (0 < a < math.inf and 0 < b < math.inf and 0 < angle < 180):
        raise ValueError(f"lengths above 0 and an angle between 0 and 180 degrees, got {text[:40]!r}")
    return ((a, b, angle),)


def check_lattice(
    lattice: Lattice, pixel_size_pm: float | None, cells: tuple[tuple[float, float, float], ...] = ()
) -> LatticeCheck:
    """Compare the lattice, in picometres, with the cell that it should have.

    Parameters
    ----------
    lattice : Lattice
    pixel_size_pm : float or None
        Edge of a pixel in picometres as the file says; None leaves lengths in pixels, and nothing to compare.
    cells : tuple of (float, float, float), default ()
        Cells that it may be, lengths in picometres and the angle in degrees, see `KNOWN_CELLS`.

    Returns
    -------
    LatticeCheck

    Raises
    ------
    ValueError
        `pixel_size_pm` is not a positive number.

    Notes
    -----
    Scale is the root of the ratio of areas, which a rotation or a shear of the scan leaves alone. Of the cells that it
    may be, the one nearest in shape is taken.
    """
    if pixel_size_pm is not None and not (math.isfinite(pixel_size_pm) and pixel_size_pm > 0):
        raise ValueError(f"pixel_size_pm must be a positive number of picometres, got {pixel_size_pm}")
    directions = _directions(lattice)
    spread = max(directions) / min(directions) - 1
    if pixel_size_pm is None or not cells:
        missing = "the pixel size is not known" if pixel_size_pm is None else "no cell to compare with is known"
        return LatticeCheck(None, None, None, spread, False, f"{missing}: the calibration cannot be checked")
    cell = min(cells, key=lambda known: _unlikeness(lattice, known))
    area = cell[0] * cell[1] * math.sin(math.radians(cell[2]))
    ratio = math.sqrt(lattice.area_px2 * pixel_size_pm**2 / area)
    error = math.hypot(lattice.a_error / lattice.a, lattice.b_error / lattice.b) / 2 * ratio
    is_wrong = abs(ratio - 1) > TOLERANCE
    verdict = f"lengths are {100 * (ratio - 1):+.1f} % against the known cell"
    power = round(math.log10(ratio) / 3)
    if power and abs(ratio / 1000.0**power - 1) < 0.5:
        verdict = f"lengths are {ratio:.3g} times the known cell: the unit is wrong by a factor of {1000 ** abs(power)}"
    elif is_wrong:
        verdict += f": the pixel is {pixel_size_pm / ratio:.4g} pm rather than {pixel_size_pm:.4g} pm"
    else:
        verdict += ": the calibration agrees"
    return LatticeCheck(cell, ratio, error, spread, is_wrong, verdict)


def _directions(lattice: Lattice) -> tuple[float, ...]:
    """Return lengths that are equal in an undistorted crystal: of a hexagonal cell three, of others the two ratios."""
    a, b = lattice.a_px, lattice.b_px
    if abs(lattice.angle_deg - 120) < 12 and 0.75 < lattice.a / lattice.b < 1.33:
        third = a + b
        return lattice.a, lattice.b, float(math.hypot(*third))
    return 1.0, 1.0


def _unlikeness(lattice: Lattice, cell: tuple[float, float, float]) -> float:
    seen = sorted((lattice.a, lattice.b))
    known = sorted(cell[:2])
    return abs(math.log(seen[1] / seen[0] * known[0] / known[1])) + abs(lattice.angle_deg - cell[2]) / 60
