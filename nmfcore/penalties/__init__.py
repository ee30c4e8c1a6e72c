"""What is added to the loss to steer the factors.

A penalty is one file with one `Penalty`, and its line in `PENALTIES`, which enrols it in the contract tests. Those that
are parameters of the estimator have a field of `Penalties` besides; any other is passed as an object.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from numpy.typing import NDArray

from nmfcore.graphs import Graph
from nmfcore.penalties.l1 import L1H, L1W
from nmfcore.penalties.l2 import L2H, L2W
from nmfcore.penalties.laplacian import Laplacian
from nmfcore.penalties.orthogonality import Orthogonality
from nmfcore.penalties.penalty import Penalty, scaled_strength
from nmfcore.penalties.terms import Terms

PENALTIES: dict[str, type[Penalty]] = {
    "l1_W": L1W,
    "l2_W": L2W,
    "l1_H": L1H,
    "l2_H": L2H,
    "smoothness_W": Laplacian,
    "orthogonality_H": Orthogonality,
}

__all__ = ["PENALTIES", "Penalties", "Penalty", "Terms"]


@dataclass(frozen=True)
class Penalties:
    """All that is added to the loss, as it enters the objective.

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
    others : tuple of Penalty
        Penalties that came as objects.
    """

    l1_W: float = 0.0
    l2_W: float = 0.0
    l1_H: float = 0.0
    l2_H: float = 0.0
    smoothness_W: float = 0.0
    orthogonality_H: float = 0.0
    graph: Graph | None = None
    others: tuple[Penalty, ...] = ()

    @cached_property
    def active(self) -> tuple[Penalty, ...]:
        """Every penalty whose strength is not 0."""
        named = [
            L1W(self.l1_W),
            L2W(self.l2_W),
            L1H(self.l1_H),
            L2H(self.l2_H),
            Orthogonality(self.orthogonality_H),
            *self.others,
        ]
        if self.graph is not None:
            named.append(Laplacian(self.smoothness_W, self.graph))
        return tuple(penalty for penalty in named if penalty.strength)

    def of_sample(self, share: float) -> Penalties:
        """Return those of the objective of a sample: what is on H counts by the sample's share of the rows."""
        return replace(self, l1_H=self.l1_H * share, l2_H=self.l2_H * share)

    @property
    def none(self) -> bool:
        """Whether nothing is penalised."""
        return not self.active

    @property
    def separable(self) -> bool:
        """Whether the rows of W do not see each other and H sees only itself: L1 and L2 alone."""
        return self.smoothness_W == 0.0 and self.orthogonality_H == 0.0 and not self.others

    @property
    def scalable(self) -> bool:
        """Whether the strengths can follow a scaling of X."""
        return all(penalty.degree is not None for penalty in self.active)

    def value(self, W: NDArray, H: NDArray) -> float:
        """Return the penalties' value at W (m, k) and H (k, n)."""
        return float(sum(penalty.value(W, H) for penalty in self.active))

    def terms_W(self, H: NDArray) -> Terms:
        """Return what is added to the problem of W while H (k, n) is fixed."""
        terms = Terms.nothing(len(H))
        for penalty in self.active:
            penalty.contribute_W(terms, H)
        return terms

    def terms_H(self, W: NDArray) -> Terms:
        """Return what is added to the problem of H while W (m, k) is fixed."""
        terms = Terms.nothing(W.shape[1])
        for penalty in self.active:
            penalty.contribute_H(terms, W)
        return terms

    def scaled(self, scale: float, beta: float) -> Penalties:
        """Return the strengths for scale * X, with both factors times sqrt(scale): scale^beta times the objective.

        |HH' - I|^2 does not scale; its strength must be 0 unless scale is 1.
        """
        strengths = {
            name: scaled_strength(getattr(self, name), scale, beta, kind.degree)
            for name, kind in PENALTIES.items()
            if name in Penalties.__dataclass_fields__ and kind.degree is not None
        }
        return replace(self, **strengths, others=tuple(penalty.scaled(scale, beta) for penalty in self.others))
