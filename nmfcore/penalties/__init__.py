"""What is added to the loss to steer the factors.

A penalty is one file with its ``value`` and with what it contributes to the `Terms` of each factor, and its line in
`Penalties`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nmfcore.graphs import Graph
from nmfcore.penalties import l1, l2, laplacian, orthogonality
from nmfcore.penalties.terms import Terms

__all__ = ["Penalties", "Terms"]


@dataclass(frozen=True)
class Penalties:
    """The strength of every penalty, as it enters the objective.

    Attributes
    ----------
    l1_W, l2_W, l1_H, l2_H : float
        Factors of ``|W|_1``, ``1/2 |W|_F^2``, ``|H|_1`` and ``1/2 |H|_F^2``.
    smoothness_W : float
        Factor of ``1/2 sum_t |h_t|^2 w_t' L w_t``.
    orthogonality_H : float
        Factor of ``1/2 |HH' - I|_F^2``.
    graph : Graph or None
        Neighbours among the samples.
    """

    l1_W: float = 0.0
    l2_W: float = 0.0
    l1_H: float = 0.0
    l2_H: float = 0.0
    smoothness_W: float = 0.0
    orthogonality_H: float = 0.0
    graph: Graph | None = None

    @property
    def none(self) -> bool:
        """Whether nothing is penalised."""
        return self == replace(Penalties(), graph=self.graph)

    @property
    def separable(self) -> bool:
        """Whether the rows of W do not see each other and H sees only itself: L1 and L2 alone."""
        return self.smoothness_W == 0.0 and self.orthogonality_H == 0.0

    def value(self, W: NDArray, H: NDArray) -> float:
        """Return the penalties' value at W (m, k) and H (k, n)."""
        total = 0.0
        for penalty, F, strength in ((l1, W, self.l1_W), (l2, W, self.l2_W), (l1, H, self.l1_H), (l2, H, self.l2_H)):
            if strength:
                total += penalty.value(F, strength)
        if self.smoothness_W and self.graph is not None:
            total += laplacian.value(W, H, self.graph, self.smoothness_W)
        if self.orthogonality_H:
            total += orthogonality.value(H, self.orthogonality_H)
        return total

    def terms_W(self, H: NDArray) -> Terms:
        """Return what is added to the problem of W while H (k, n) is fixed."""
        terms = Terms.nothing(len(H))
        l1.contribute(terms, self.l1_W)
        l2.contribute(terms, self.l2_W)
        if self.smoothness_W and self.graph is not None:
            laplacian.contribute_W(terms, H, self.graph, self.smoothness_W)
        return terms

    def terms_H(self, W: NDArray) -> Terms:
        """Return what is added to the problem of H while W (m, k) is fixed."""
        terms = Terms.nothing(W.shape[1])
        l1.contribute(terms, self.l1_H)
        l2.contribute(terms, self.l2_H)
        if self.smoothness_W and self.graph is not None:
            laplacian.contribute_H(terms, W, self.graph, self.smoothness_W)
        orthogonality.contribute(terms, self.orthogonality_H)
        return terms

    def scaled(self, scale: float, beta: float) -> Penalties:
        """Return the strengths for scale * X, with both factors times sqrt(scale): scale^beta times the objective.

        |HH' - I|^2 does not scale; its strength must be 0 unless scale is 1.
        """
        root, whole = np.sqrt(scale), float(scale)
        gain = scale**beta
        return replace(
            self,
            l1_W=self.l1_W * gain / root,
            l2_W=self.l2_W * gain / whole,
            l1_H=self.l1_H * gain / root,
            l2_H=self.l2_H * gain / whole,
            smoothness_W=self.smoothness_W * gain / whole**2,
        )
