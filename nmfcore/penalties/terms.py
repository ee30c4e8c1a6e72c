"""What the penalties add to the problem of one factor, as arrays that every solver understands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmfcore.graphs import Graph

__all__ = ["Terms"]


@dataclass
class Terms:
    """Penalties on a factor F (m, k), which is W or H', while the other one is fixed.

    ``sum_t (l1_t |f_t|_1 + 1/2 l2_t |f_t|^2 + 1/2 coupling_t f_t' L f_t) + 1/2 orthogonality |F'F - I|^2``, with f_t
    the columns of F and L the Laplacian of the graph.

    Attributes
    ----------
    l1, l2, coupling : ndarray of float64, shape (k,)
        Strength for each component.
    graph : Graph or None
        Neighbours among the rows of F.
    orthogonality : float
        Strength.
    held : int
        So many leading components stay as they are.
    """

    l1: NDArray[np.float64]
    l2: NDArray[np.float64]
    coupling: NDArray[np.float64]
    graph: Graph | None = field(default=None)
    orthogonality: float = 0.0
    held: int = 0

    @classmethod
    def nothing(cls, k: int) -> Terms:
        """Return the terms of no penalty.

        Parameters
        ----------
        k : int
            Number of components.

        Returns
        -------
        Terms
            All zero.
        """
        return cls(np.zeros(k), np.zeros(k), np.zeros(k))

    def value(self, F: NDArray[Any]) -> float:
        """Return what the terms add to the objective.

        Parameters
        ----------
        F : ndarray of shape (m, k)
            The factor.

        Returns
        -------
        float
            In float64.
        """
        wide = F.astype(np.float64)
        total = np.sum(wide, axis=0) @ self.l1 + 0.5 * (np.sum(wide**2, axis=0) @ self.l2)
        if self.graph is not None:
            total += 0.5 * (self.coupling @ self.graph.energies(F))
        if self.orthogonality:
            total += 0.5 * self.orthogonality * np.sum((wide.T @ wide - np.eye(wide.shape[1])) ** 2)
        return float(total)

    def gradient(self, F: NDArray[Any]) -> NDArray[np.float64]:
        """Return the gradient of the value.

        Parameters
        ----------
        F : ndarray of shape (m, k)
            The factor.

        Returns
        -------
        ndarray of float64, shape (m, k)
            Of the value with respect to F.
        """
        wide = F.astype(np.float64)
        gradient = self.l1 + wide * self.l2
        if self.graph is not None:
            gradient += self.coupling * (wide * self.graph.degree[:, None] - self.graph.neighbour_sums(wide))
        if self.orthogonality:
            gradient += 2.0 * self.orthogonality * wide @ (wide.T @ wide - np.eye(wide.shape[1]))
        return gradient
