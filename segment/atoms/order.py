"""How regular the neighbourhood of each column is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segment.atoms.graph import circumscribed, triangulate
from segment.records import Lattice, Neighbours, Order


def measure_order(neighbours: Neighbours) -> Order:
    """Measure coordination, bond orientation, bond lengths and holes of every point of a graph.

    Parameters
    ----------
    neighbours : Neighbours

    Returns
    -------
    Order

    Notes
    -----
    ``psi_k = |mean of exp(i k theta)|`` over the bonds of a point, doi 10.1103/PhysRevLett.41.121. A five-seven pair
    is a bond of a point with five and one with seven neighbours: the core of a dislocation where six are usual.
    """
    n = len(neighbours.positions)
    edges = np.concatenate([neighbours.edges, neighbours.edges[:, ::-1]])
    length = np.concatenate([neighbours.length, neighbours.length])
    vector = neighbours.positions[edges[:, 1]] - neighbours.positions[edges[:, 0]]
    angle = np.arctan2(vector[:, 0], vector[:, 1])
    count = np.bincount(edges[:, 0], minlength=n)
    some = np.maximum(count, 1)
    psi = {}
    for k in (4, 6):
        real = np.bincount(edges[:, 0], np.cos(k * angle), n) / some
        imaginary = np.bincount(edges[:, 0], np.sin(k * angle), n) / some
        psi[k] = np.hypot(real, imaginary)
    mean = np.bincount(edges[:, 0], length, n) / some
    square = np.bincount(edges[:, 0], (length - mean[edges[:, 0]]) ** 2, n) / some
    five_seven = np.sort(count[neighbours.edges], axis=1)
    is_pair = (five_seven[:, 0] == 5) & (five_seven[:, 1] == 7)
    is_pair &= neighbours.is_inner[neighbours.edges].all(axis=1)
    return Order(count, psi[4], psi[6], mean, np.sqrt(square), largest_hole(neighbours), neighbours.edges[is_pair])


def largest_hole(neighbours: Neighbours) -> NDArray[np.float64]:
    """Return the radius of the largest empty circle through each point, in parts of the median bond.

    It is 0.58 in a triangular lattice, 0.71 in a square one, and 1 beside a vacancy of a triangular one.
    """
    points = neighbours.positions
    triangles = triangulate(points).simplices
    _, radius = circumscribed(points, triangles)
    limit = 2.0 * float(np.median(neighbours.length))
    radius = np.where(np.isfinite(radius), np.minimum(radius, limit), limit)
    largest = np.zeros(len(points))
    for corner in range(3):
        np.maximum.at(largest, triangles[:, corner], radius)
    return largest / float(np.median(neighbours.length))


def rank_defects(neighbours: Neighbours, order: Order) -> NDArray[np.float64]:
    """Return how far each neighbourhood is from the usual one; 0 for those that are as usual as can be.

    Parameters
    ----------
    neighbours : Neighbours
        A Delaunay graph.
    order : Order
        Of that graph.

    Returns
    -------
    ndarray of float64, shape (n,)
        How much the largest hole is above the usual one, in bonds, and a tenth of the difference to the usual
        coordination; half of the mean of the neighbours is added, for a defect is more than one point.
    """
    inner = neighbours.is_inner if neighbours.is_inner.any() else np.ones_like(neighbours.is_inner)
    usual = int(np.bincount(order.coordination[inner]).argmax())
    hole = np.maximum(0.0, order.hole - np.median(order.hole[inner]))
    own = hole + 0.1 * np.abs(order.coordination - usual)
    return own + 0.5 * neighbours.mean_of_neighbours(own)


def burgers_circuits(lattice: Lattice, neighbours: Neighbours) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Find where a circuit around a triangle of neighbours does not close in the lattice.

    Parameters
    ----------
    lattice : Lattice
    neighbours : Neighbours
        Of the columns of one sublattice.

    Returns
    -------
    ndarray of float64, shape (m, 2)
        Middle (y, x) of each open triangle.
    ndarray of intp, shape (m, 2)
        Its Burgers vector, in whole numbers of a and b.

    Notes
    -----
    Each side counts as the nearest vector of the lattice; their sum is the Burgers vector of what is inside.
    """
    points = neighbours.positions
    triangles = triangulate(points).simplices
    inverse = np.linalg.inv(np.stack([lattice.a_px, lattice.b_px]))
    corners = points[triangles]
    sides = np.roll(corners, -1, axis=1) - corners
    steps = np.rint(sides @ inverse).astype(np.intp)
    total = steps.sum(axis=1)
    is_short = np.linalg.norm(sides, axis=2).max(axis=1) < 2.2 * np.median(neighbours.length)
    is_open = np.any(total != 0, axis=1) & is_short & neighbours.is_inner[triangles].all(axis=1)
    return corners[is_open].mean(axis=1), total[is_open]
