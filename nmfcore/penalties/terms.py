"""What the penalties add to the problem of one factor, as arrays that every solver understands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nmfcore.graphs import Graph

__all__ = ["Terms"]


@dataclass
class Terms:
    """A function of one factor F (m, k), W or H', that touches the penalties at the current F and lies above them.

    ``<linear, F> + 1/2 <diagonal, F^2> + 1/2 <gram, F'F> + 1/2 sum_t coupling_t f_t' L f_t + 1/2 quartic |F'F|^2``,
    with f_t the columns of F and L the Laplacian of the graph; and the rows of F may be required to have one sum.

    Attributes
    ----------
    factor : {"W", "H"}
        Which one F is: W, or H'.
    linear, diagonal : ndarray of float64, shape (k,) or (m, k)
        For each component, or for each entry.
    gram : ndarray of float64, shape (k, k)
        Symmetric; it may have negative entries where the whole is bounded below.
    coupling : ndarray of float64, shape (k,)
        Strength of the ties between neighbours, for each component.
    graph : Graph or None
        Neighbours among the rows of F.
    quartic : float
        Strength.
    total : float or None
        What the entries of every row add up to, where that is prescribed.
    n_fixed : int
        So many leading components stay as they are.
    """

    factor: str
    linear: NDArray[np.float64]
    diagonal: NDArray[np.float64]
    gram: NDArray[np.float64]
    coupling: NDArray[np.float64]
    graph: Graph | None = field(default=None)
    quartic: float = 0.0
    total: float | None = None
    n_fixed: int = 0

    @classmethod
    def nothing(cls, k: int, factor: str = "W") -> Terms:
        """Return the terms of no penalty.

        Parameters
        ----------
        k : int
            Number of components.
        factor : {"W", "H"}, default="W"
            Which factor.

        Returns
        -------
        Terms
            All zero.
        """
        return cls(factor, np.zeros(k), np.zeros(k), np.zeros((k, k)), np.zeros(k))

    def couple(self, graph: Graph, strength: Any, F: NDArray[Any]) -> None:
        """Add ties between neighbours, 1/2 sum_t strength_t f_t' L f_t.

        Parameters
        ----------
        graph : Graph
            The neighbours, and L.
        strength : float or ndarray of shape (k,)
            For all or for each component.
        F : ndarray of shape (m, k)
            The factor as it is. Where other ties are there already, these are replaced by a majorant without ties.
        """
        if self.graph is None or self.graph is graph:
            self.graph = graph
            self.coupling = self.coupling + strength
        else:
            self._loosen(graph, strength + np.zeros(F.shape[1]), F)

    def decoupled(self, F: NDArray[Any]) -> Terms:
        """Return terms that touch these at F and lie above them, in which the rows do not see their neighbours.

        (f_i - f_j)^2 <= 2 (f_i - s)^2 + 2 (f_j - s)^2 with s half the sum of both as they are.

        Parameters
        ----------
        F : ndarray of shape (m, k)
            The factor as it is.

        Returns
        -------
        Terms
            Without a graph.
        """
        if self.graph is None:
            return self
        free = replace(self, graph=None, coupling=np.zeros_like(self.coupling))
        free._loosen(self.graph, self.coupling, F)
        return free

    def _loosen(self, graph: Graph, strength: NDArray[np.float64], F: NDArray[Any]) -> None:
        wide, degree = F.astype(np.float64), graph.degree[:, None]
        self.diagonal = self.diagonal + 2.0 * strength * degree
        self.linear = self.linear - strength * (degree * wide + graph.neighbour_sums(wide))

    def take(self, rows: Any) -> Terms:
        """Return the terms of some rows that do not see the others.

        Parameters
        ----------
        rows : slice or ndarray of int
            Which ones.

        Returns
        -------
        Terms
            Of these rows.
        """
        linear, diagonal = (part[rows] if part.ndim == 2 else part for part in (self.linear, self.diagonal))
        return replace(self, linear=linear, diagonal=diagonal)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is added."""
        return self.graph is None and self.total is None and self.is_linear and not self.linear.any()

    @property
    def is_linear(self) -> bool:
        """Whether nothing but the linear part is added to rows that do not see each other."""
        return not (self.couples_rows or self.gram.any() or self.diagonal.any())

    @property
    def is_uniform(self) -> bool:
        """Whether every row has the same terms, for each of its entries alone."""
        return not self.couples_rows and self.linear.ndim == self.diagonal.ndim == 1 and not self.gram.any()

    @property
    def is_shrinkage(self) -> bool:
        """Whether there is one strength of L1 and one of L2 for every entry, and nothing else."""
        return self.is_uniform and self.total is None and not np.ptp(self.linear) and not np.ptp(self.diagonal)

    @property
    def couples_rows(self) -> bool:
        """Whether the best for a row depends on other rows."""
        return self.graph is not None or self.quartic != 0.0

    def value(self, F: NDArray[Any]) -> float:
        """Return what the terms add to the objective, up to a constant.

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
        gram = wide.T @ wide
        total = np.sum(self.linear * wide) + 0.5 * np.sum(self.diagonal * wide**2) + 0.5 * np.sum(self.gram * gram)
        if self.graph is not None:
            total += 0.5 * (self.coupling @ self.graph.energies(F))
        return float(total + 0.5 * self.quartic * np.sum(gram**2))

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
        gradient = self.linear + self.diagonal * wide + wide @ self.gram
        if self.graph is not None:
            gradient += self.coupling * (wide * self.graph.degree[:, None] - self.graph.neighbour_sums(wide))
        if self.quartic:
            gradient += 2.0 * self.quartic * wide @ (wide.T @ wide)
        return gradient
