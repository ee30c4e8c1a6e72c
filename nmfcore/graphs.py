"""Pixel grids and other neighbourhoods as weighted graphs, coloured so that neighbours are never updated together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from nmfcore._jit import kernel

__all__ = ["Graph", "as_graph", "edgeless", "grid_graph"]


@dataclass(frozen=True)
class Graph:
    """An undirected graph with non-negative weights, in compressed rows.

    Attributes
    ----------
    indptr : ndarray of int64, shape (n_nodes + 1,)
        Where the neighbours of each node start.
    indices : ndarray of int32
        Neighbours.
    weights : ndarray of float64
        Weight of each edge.
    degree : ndarray of float64, shape (n_nodes,)
        Sum of the weights at each node.
    order : ndarray of int64, shape (n_nodes,)
        Nodes sorted by colour.
    bounds : tuple of int
        Where each colour starts in ``order``, and its length last.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    weights: NDArray[np.float64]
    degree: NDArray[np.float64]
    order: NDArray[np.int64]
    bounds: tuple[int, ...]

    def energies(self, W: NDArray) -> NDArray[np.float64]:
        """Return w' L w = 1/2 sum_ij a_ij (w_i - w_j)^2 for each column w of W (n_nodes, k)."""
        out = np.zeros(W.shape[1])
        _energies(self.indptr, self.indices, self.weights, W, out)
        return out

    def reweighted(self, weights: NDArray[np.float64]) -> Graph:
        """Return the graph of the same neighbours with other weights of its edges.

        Parameters
        ----------
        weights : ndarray of shape (n_edges,)
            In the place of ``weights``: every edge twice, once from each end.

        Returns
        -------
        Graph
            Of the same colours.
        """
        ends = np.repeat(np.arange(len(self.degree)), np.diff(self.indptr))
        degree = np.bincount(ends, weights, len(self.degree))
        return replace(self, weights=np.ascontiguousarray(weights, np.float64), degree=degree)

    def differences(self, W: NDArray) -> NDArray[np.float64]:
        """Return w_i - w_j for every edge, from i to its neighbour j.

        Parameters
        ----------
        W : ndarray of shape (n_nodes, k)
            Values at the nodes.

        Returns
        -------
        ndarray of shape (n_edges, k)
            In the order of ``weights``.
        """
        ends = np.repeat(np.arange(len(self.degree)), np.diff(self.indptr))
        wide = W.astype(np.float64)
        return wide[ends] - wide[self.indices]

    def neighbour_sums(self, W: NDArray) -> NDArray:
        """Return A W for W (n_nodes, k), A the weighted adjacency."""
        out = np.empty_like(W, order="C")
        _neighbour_sums(self.indptr, self.indices, self.weights, W, out)
        return out


@kernel
def _energies(indptr, indices, weights, W, out):
    for i in range(W.shape[0]):
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            # Every edge stands twice.
            if j > i:
                for t in range(W.shape[1]):
                    difference = np.float64(W[i, t]) - np.float64(W[j, t])
                    out[t] += weights[e] * difference * difference


@kernel
def _neighbour_sums(indptr, indices, weights, W, out):
    for i in range(W.shape[0]):
        for t in range(W.shape[1]):
            out[i, t] = 0.0
        for e in range(indptr[i], indptr[i + 1]):
            for t in range(W.shape[1]):
                out[i, t] += weights[e] * W[indices[e], t]


@kernel
def _colour(indptr, indices, colours):
    """Give each node the smallest colour that no earlier neighbour has; return the number of colours."""
    n_colours = 0
    for i in range(colours.shape[0]):
        colour = 0
        searching = True
        while searching:
            searching = False
            for e in range(indptr[i], indptr[i + 1]):
                if indices[e] < i and colours[indices[e]] == colour:
                    colour += 1
                    searching = True
        colours[i] = colour
        n_colours = max(n_colours, colour + 1)
    return n_colours


def edgeless(n_nodes: int) -> Graph:
    """Return the graph in which nobody has a neighbour."""
    nobody = np.zeros(n_nodes + 1, np.int64)
    order = np.arange(n_nodes, dtype=np.int64)
    return Graph(nobody, np.zeros(0, np.int32), np.zeros(0), np.zeros(n_nodes), order, (0, n_nodes))


def grid_graph(shapes: tuple[int, int] | Sequence[tuple[int, int]], n_samples: int) -> Graph:
    """Return the graph that joins each pixel to its four neighbours, for one image or for images stacked row by row.

    Raises
    ------
    ValueError
        If the pixels of ``shapes`` do not add up to n_samples, or a side is below 1.
    """
    listed: list[Any] = [shapes] if np.ndim(shapes[0]) == 0 else list(shapes)
    if any(len(shape) != 2 or min(shape) < 1 for shape in listed):
        raise ValueError(f"grid_shape must be (h, w) or a list of such, each at least 1, got {shapes!r}.")
    total = sum(int(h) * int(w) for h, w in listed)
    if total != n_samples:
        raise ValueError(f"grid_shape {shapes!r} has {total} pixels, but X has {n_samples} samples.")
    blocks = []
    for h, w in listed:
        rows = sp.diags([np.ones(h - 1), np.ones(h - 1)], offsets=[-1, 1], shape=(h, h))
        columns = sp.diags([np.ones(w - 1), np.ones(w - 1)], offsets=[-1, 1], shape=(w, w))
        blocks.append(sp.kron(sp.identity(h), columns, "csr") + sp.kron(rows, sp.identity(w), "csr"))
    return _graph(sp.csr_array(sp.block_diag(blocks, format="csr")))


def as_graph(adjacency: Any, n_samples: int) -> Graph:
    """Return the graph of a sparse symmetric adjacency matrix with non-negative weights; its diagonal is ignored.

    Raises
    ------
    TypeError
        If it is not a sparse matrix or array.
    ValueError
        If its shape is not (n_samples, n_samples), it is not symmetric, or a weight is negative or not finite.
    """
    if not sp.issparse(adjacency):
        raise TypeError(f"graph must be a sparse matrix or array, got {type(adjacency).__name__}.")
    if adjacency.shape != (n_samples, n_samples):
        raise ValueError(f"graph must have shape {(n_samples, n_samples)}, one node a sample, got {adjacency.shape}.")
    A = sp.csr_array(adjacency, dtype=np.float64)
    A.sum_duplicates()
    if A.nnz and not (np.isfinite(A.data).all() and A.data.min() >= 0):
        raise ValueError(f"graph must have finite, non-negative weights, got {A.data.min()}.")
    if A.nnz and abs(A - A.T).max() > 1e-12 * A.data.max():
        raise ValueError("graph must be symmetric, but the weights of i-j and j-i differ.")
    A.setdiag(0.0)
    A.eliminate_zeros()
    return _graph(A)


def _graph(A: sp.csr_array) -> Graph:
    indptr, indices = A.indptr.astype(np.int64), A.indices.astype(np.int32)
    weights = A.data.astype(np.float64)
    colours = np.empty(A.shape[0], np.int64)
    n_colours = _colour(indptr, indices, colours)
    order = np.argsort(colours, kind="stable")
    bounds = np.searchsorted(colours[order], np.arange(n_colours + 1))
    degree = np.asarray(A.sum(axis=1), dtype=np.float64).ravel()
    return Graph(indptr, indices, weights, degree, order, tuple(int(b) for b in bounds))
