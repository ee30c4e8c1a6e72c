"""Kinds of neighbourhoods: parts that non-negative factorization finds in histograms of topology."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from nmfcore import NMF
from segment.atoms.order import measure_order
from segment.records import Motifs, Neighbours

# Coordination is counted from at most four to at least eight.
COORDINATION = ("at most four", "five", "six", "seven", "at least eight")
# Radius of the empty circle of a vacancy in a triangular lattice, in parts of the bond.
VACANCY = 1.0
HOLE_NAMES = ("no hole", "a slight hole", "a small hole", "a hole", "a hole as wide as a vacancy")
# A hole is what a vacancy leaves, however the triangles across it fall: it counts twice.
HOLE_WEIGHT = 2.0


def topology_histograms(neighbours: Neighbours) -> NDArray[np.float64]:
    """Return what is around each point: its coordination, that of its first and second neighbours, and its hole.

    Parameters
    ----------
    neighbours : Neighbours
        A Delaunay graph.

    Returns
    -------
    ndarray of float64, shape (n, 20)
        Four histograms of five bins, each of sum 1, the last of 2.
    """
    order = measure_order(neighbours)
    own = np.eye(5)[np.clip(order.coordination, 4, 8) - 4]
    first = neighbours.mean_of_neighbours(own)
    second = neighbours.mean_of_neighbours(first)
    hole = np.maximum(0.0, 1 - np.abs(_hole_place(order.hole, neighbours.is_inner)[:, None] - np.arange(5)))
    return np.concatenate([own, first, second, HOLE_WEIGHT * hole], axis=1)


def _hole_place(hole: NDArray[np.float64], is_inner: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return where holes are between the usual one, 0, what noise does to it included, and that of a vacancy, 4."""
    usual = hole[is_inner] if is_inner.any() else hole
    middle = float(np.median(usual))
    spread = 1.4826 * float(np.median(np.abs(usual - middle)))
    start = min(middle + 3 * spread, 0.9 * VACANCY)
    return np.clip(4 * (hole - start) / (VACANCY - start), 0.0, 4.0)


def find_motifs(neighbours: Neighbours, n_motifs: int = 3, *, smoothness: float = 0.0, random_state: int = 0) -> Motifs:
    """Find kinds of neighbourhoods by non-negative factorization of histograms of their topology.

    Parameters
    ----------
    neighbours : Neighbours
        A Delaunay graph.
    n_motifs : int, default 3
        Number of parts. One too many is shared by those that are there.
    smoothness : float, default 0.0
        How much neighbours are drawn together (`smoothness_W` of `nmfcore.NMF`).
    random_state : int, default 0
        Seed of the start.

    Returns
    -------
    Motifs
        Sorted from the most frequent one.

    Raises
    ------
    ValueError
        There are fewer than 20 points, or fewer than 2 motifs are asked for.
    """
    n = len(neighbours.positions)
    if n < 20:
        raise ValueError(f"{n} points are too few for statistics, at least 20 are needed")
    if n_motifs < 2:
        raise ValueError(f"n_motifs must be at least 2, got {n_motifs}")
    histograms = topology_histograms(neighbours)
    edges = neighbours.edges
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n, n)).tocsr()
    graph = (graph + graph.T).tocsr()
    options = {"smoothness_W": smoothness, "graph": graph} if smoothness else {}
    model = NMF(n_components=n_motifs, init="nndsvda", max_iter=500, random_state=random_state, **options)
    W = model.fit_transform(histograms)
    H = model.components_
    fraction = W * H.sum(axis=1)
    label = fraction.argmax(axis=1)
    order = np.argsort(np.bincount(label, minlength=n_motifs))[::-1]
    label = np.argsort(order)[label]
    parts = H[order] / np.maximum(H[order].sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    return Motifs(label, fraction[:, order], parts, tuple(describe_part(part) for part in parts))


def describe_part(part: NDArray[np.float64]) -> str:
    """Return a part as a sentence, e.g. "five neighbours, next to seven, with a small hole"."""
    own, first, _, hole = (block / max(block.sum(), np.finfo(np.float64).tiny) for block in part.reshape(4, 5))
    words = [f"{COORDINATION[own.argmax()]} neighbours"]
    if part[:5].sum() < 0.05 * part.sum():
        words = ["any number of neighbours"]
    beside = np.flatnonzero(first > 0.25)
    if beside.size:
        words.append("next to " + " and ".join(COORDINATION[i] for i in beside))
    words.append("with " + HOLE_NAMES[int(hole.argmax())])
    return ", ".join(words)
