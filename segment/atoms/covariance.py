"""Error bars of all columns from the factorised normal equations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segment.atoms.refine import SHAPE_PRIOR, NormalEquations

# Columns so many standard deviations apart share no error that counts.
APART = 14.0


def column_errors(
    equations: NormalEquations, y: NDArray[np.float64], x: NDArray[np.float64], sigma: float
) -> NDArray[np.float64]:
    """Return the standard deviations of y, x and amplitude of each column, shape (n, 3).

    Parameters
    ----------
    equations : NormalEquations
        At the fitted model, with its shape.
    y, x : ndarray of float64, shape (n,)
        Positions in pixels.
    sigma : float
        Standard deviation of a column in pixels.

    Returns
    -------
    ndarray of float64, shape (n, 3)

    Notes
    -----
    The diagonal of the inverse is read from solutions for sums of unit vectors of columns that are too far apart to
    touch each other, doi 10.1016/j.apnum.2007.01.003, so that a few hundred solutions serve any number of columns.
    """
    n, cell = y.size, APART * sigma
    rank = _ranks(np.floor(y / cell).astype(int), np.floor(x / cell).astype(int))
    # Within a cell one column at a time; of the cells every second one, in each direction.
    parity = (np.floor(y / cell).astype(int) % 2) * 2 + np.floor(x / cell).astype(int) % 2
    group = rank * 4 + parity
    variance = np.zeros((n, 3))
    for part in np.unique(group):
        members = np.flatnonzero(group == part)
        unit = np.zeros((equations.gradient.size, 3))
        for kind in range(3):
            unit[3 * members + kind, kind] = 1.0
        solved = equations.solver.solve(unit)
        for kind in range(3):
            variance[members, kind] = solved[3 * members + kind, kind]
    inverse = equations.solver.solve(equations.border)
    corner = equations.corner - equations.border.T @ inverse + np.diag(1 / SHAPE_PRIOR**2)
    of_shape = np.einsum("ij,jk,ik->i", inverse[: 3 * n], np.linalg.inv(corner), inverse[: 3 * n])
    return np.sqrt(np.maximum(variance + of_shape.reshape(n, 3), 0.0))


def _ranks(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the number of each member within its cell, from 0."""
    order = np.lexsort((columns, rows))
    is_new = np.ones(order.size, dtype=bool)
    is_new[1:] = (np.diff(rows[order]) != 0) | (np.diff(columns[order]) != 0)
    start = np.maximum.accumulate(np.where(is_new, np.arange(order.size), 0))
    rank = np.empty(order.size, dtype=np.intp)
    rank[order] = np.arange(order.size) - start
    return rank
