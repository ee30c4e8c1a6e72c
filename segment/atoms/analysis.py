"""Everything that an image of columns says, in one call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from segment.atoms.calibration import check_lattice
from segment.atoms.classes import classify_columns
from segment.atoms.columns import find_columns
from segment.atoms.graph import join_neighbours
from segment.atoms.lattice import LEAST_COLUMNS, fit_lattices
from segment.atoms.motifs import find_motifs
from segment.atoms.order import measure_order, rank_defects
from segment.atoms.pixels import check_pixels
from segment.atoms.strain import measure_strain
from segment.records import ColumnClasses, Columns, Lattice, LatticeCheck, Motifs, Neighbours, Order

# Where so many columns of a second lattice are nearest to one of the first, two layers lie on each other.
MIXED = 0.3


@dataclass(frozen=True)
class Analysis:
    """What an image of columns says.

    Attributes
    ----------
    columns : Columns
    lattices : tuple of Lattice
        The one of most columns first; empty where there is none.
    classes : ColumnClasses or None
        Against neighbours on the first lattice.
    strain : ndarray of float64, shape (n, 4), or None
        Against the first lattice.
    check : LatticeCheck or None
        Of the pixel size, by the first lattice.
    neighbours : Neighbours or None
        Delaunay graph of all columns; None below 20 columns, for which statistics say nothing.
    order : Order or None
    defect_score : ndarray of float64, shape (n,), or None
    motifs : Motifs or None
    remarks : tuple of str
        What a reader must know: no lattice, two grains, a moire, pixels without a value.
    """

    columns: Columns
    lattices: tuple[Lattice, ...]
    classes: ColumnClasses | None
    strain: NDArray[np.float64] | None
    check: LatticeCheck | None
    neighbours: Neighbours | None
    order: Order | None
    defect_score: NDArray[np.float64] | None
    motifs: Motifs | None
    remarks: tuple[str, ...]


def analyse_columns(
    image: ArrayLike,
    *,
    pixel_size_pm: float | None = None,
    cells: tuple[tuple[float, float, float], ...] = (),
    is_dark: bool = False,
    false_rate: float = 0.01,
    n_motifs: int = 4,
    random_state: int = 0,
) -> Analysis:
    """Find columns, lattices, classes, neighbours and motifs of an image.

    Parameters
    ----------
    image : array-like of float, shape (h, w)
        Grey levels in any unit, at best counts.
    pixel_size_pm : float or None, default None
        Edge of a pixel in picometres.
    cells : tuple of (float, float, float), default ()
        Cells that the crystal may have, lengths in picometres and the angle in degrees, see `find_cells`.
    is_dark : bool, default False
        Columns are darker than what is between them.
    false_rate : float, default 0.01
        Largest part of the columns that noise alone may have made.
    n_motifs : int, default 4
        Number of kinds of neighbourhoods.
    random_state : int, default 0
        Seed of the motifs.

    Returns
    -------
    Analysis

    Raises
    ------
    ValueError
        As `find_columns` and `find_motifs`.

    Examples
    --------
    >>> from segment.samples import make_columns
    >>> sample = make_columns(shape=(128, 128), counts=100, random_state=0)
    >>> found = analyse_columns(sample.image, pixel_size_pm=15.6, cells=((316.0, 316.0, 120.0),))
    >>> found.lattices[0].n_sublattices, found.check.is_wrong
    (2, False)
    """
    pixels = check_pixels(image, is_dark=is_dark)
    remarks = []
    if pixels.n_missing:
        remarks.append(f"{pixels.n_missing} pixels have no value and do not count")
    if pixels.n_saturated:
        remarks.append(f"{pixels.n_saturated} pixels are saturated and do not count: amplitudes there are unreliable")
    columns = find_columns(image, pixel_size_pm=pixel_size_pm, is_dark=is_dark, false_rate=false_rate)
    if len(columns) < LEAST_COLUMNS:
        remarks.append(f"{len(columns)} columns are too few for statistics: positions and amplitudes only")
        return Analysis(columns, (), None, None, None, None, None, None, None, tuple(remarks))
    lattices = fit_lattices(columns)
    classes = strain = check = None
    if lattices:
        classes, strain = classify_columns(columns, lattices[0]), measure_strain(columns, lattices[0])
        check = check_lattice(lattices[0], pixel_size_pm, cells)
        remarks.append(check.verdict)
        if check.distortion > 0.03:
            fraction = f"{100 * check.distortion:.0f} %"
            remarks.append(f"directions that should be equal differ by {fraction}: the scan is distorted")
    else:
        remarks.append("no lattice: statistics of neighbours only")
    if len(lattices) == 2:
        remarks.append(_two(columns, lattices))
    neighbours = join_neighbours(columns.positions)
    order = measure_order(neighbours)
    motifs = find_motifs(neighbours, n_motifs, random_state=random_state)
    score = rank_defects(neighbours, order)
    return Analysis(columns, lattices, classes, strain, check, neighbours, order, score, motifs, tuple(remarks))


def _two(columns: Columns, lattices: tuple[Lattice, ...]) -> str:
    first, second = (np.flatnonzero(lattice.sublattice >= 0) for lattice in lattices)
    both = np.concatenate([first, second])
    near = cKDTree(columns.positions[both]).query(columns.positions[second], k=2)[1][:, 1]
    mixed = float(np.mean(near < first.size))
    what = "a moire: they lie on each other" if mixed > MIXED else "two grains"
    return f"two lattices, of {first.size} and {second.size} columns: {what}; classes are of the first"
