"""Local strain and rotation of a lattice, from where columns are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segment.records import Columns, Lattice


def measure_strain(columns: Columns, lattice: Lattice) -> NDArray[np.float64]:
    """Measure the strain at each column against the mean lattice.

    Parameters
    ----------
    columns : Columns
    lattice : Lattice

    Returns
    -------
    ndarray of float64, shape (n, 4)
        Strain along x, along y, shear xy, and rotation in radians; NaN for columns without three neighbours on the same
        sublattice.

    Notes
    -----
    The vectors to the up to eight neighbours of the same sublattice are fitted by one linear map of those of the mean
    lattice, F; the strain is ``(F + F') / 2 - 1``, the rotation half the difference of the other two elements.
    """
    cell = np.stack([lattice.a_px, lattice.b_px])
    around = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)])
    strain = np.full((len(columns), 4), np.nan)
    places = columns.positions
    for number in range(lattice.n_sublattices):
        members = np.flatnonzero(lattice.sublattice == number)
        there = {(int(i), int(j)): k for k, (i, j) in zip(members, lattice.indices[members], strict=True)}
        for (i, j), k in there.items():
            pairs = [(step, there.get((i + int(step[0]), j + int(step[1])))) for step in around]
            ideal = np.array([step @ cell for step, other in pairs if other is not None])
            seen = np.array([places[other] - places[k] for _, other in pairs if other is not None])
            if len(ideal) < 3 or np.linalg.matrix_rank(ideal) < 2:
                continue
            mapping = np.linalg.lstsq(ideal, seen, rcond=None)[0]
            strain[k] = (
                mapping[1, 1] - 1,
                mapping[0, 0] - 1,
                (mapping[0, 1] + mapping[1, 0]) / 2,
                (mapping[0, 1] - mapping[1, 0]) / 2,
            )
    return strain
