"""Which columns are brighter or fainter than those around them on the same sublattice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import norm

from segment.records import ColumnClasses, Columns, Lattice

# Neighbours of the same sublattice that a column is compared with.
N_NEIGHBOURS = 18


def classify_columns(columns: Columns, lattice: Lattice, *, false_rate: float = 0.05) -> ColumnClasses:
    """Compare the amplitude of each column with its neighbours on the same sublattice.

    Parameters
    ----------
    columns : Columns
    lattice : Lattice
    false_rate : float, default 0.05
        Largest part of the low and high columns that may be ordinary ones.

    Returns
    -------
    ColumnClasses
        Columns on no sublattice, and those the edge cuts, have the class "none".

    Raises
    ------
    ValueError
        `false_rate` is not between 0 and 1.

    Notes
    -----
    z is the difference to the median of up to 18 neighbours, over the error of an ordinary column and the spread of the
    sublattice beyond it. Columns are accepted by the rate of false discoveries among their p-values, of Benjamini and
    Hochberg, doi 10.1111/j.2517-6161.1995.tb02031.x.
    """
    if not 0 < false_rate < 1:
        raise ValueError(f"false_rate must be between 0 and 1, got {false_rate}")
    n = len(columns)
    ratio, p_value, label = np.full(n, np.nan), np.ones(n), np.full(n, "none", dtype="<U7")
    for number in range(lattice.n_sublattices):
        members = np.flatnonzero((lattice.sublattice == number) & ~columns.is_edge)
        if members.size < 4:
            continue
        ratio[members], z = _compared(columns, members)
        p_value[members] = 2 * norm.sf(np.abs(z))
        label[members] = "usual"
    known = np.flatnonzero(label == "usual")
    accepted = known[_discoveries(p_value[known], false_rate)]
    label[accepted] = np.where(ratio[accepted] < 1, "low", "high")
    return ColumnClasses(label, ratio, p_value, false_rate)


def _compared(columns: Columns, members: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    amplitude, error = columns.amplitude[members], columns.amplitude_error[members]
    count = min(N_NEIGHBOURS + 1, members.size)
    _, near = cKDTree(columns.positions[members]).query(columns.positions[members], k=count)
    around = np.median(amplitude[near[:, 1:]], axis=1)
    expected = np.median(error[near[:, 1:]], axis=1)
    away = amplitude - around
    # The median of n values has pi / 2 n times the variance of one.
    own = expected * np.sqrt(1 + np.pi / (2 * (count - 1)))
    spread = 1.4826 * float(np.median(np.abs(away / own - np.median(away / own))))
    return amplitude / np.maximum(around, np.finfo(np.float64).tiny), away / (own * max(1.0, spread))


def _discoveries(p_value: NDArray[np.float64], rate: float) -> NDArray[np.intp]:
    order = np.argsort(p_value)
    below = np.flatnonzero(p_value[order] <= rate * np.arange(1, order.size + 1) / max(1, order.size))
    return order[: below[-1] + 1] if below.size else order[:0]
