"""What is added to the loss to steer the factors.

A penalty is one file with one `Penalty`, and its line in `PENALTIES`, which enrols it in the contract tests. Any other
is passed as an object, and is treated the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from nmfcore.penalties.l1 import L1
from nmfcore.penalties.l2 import L2
from nmfcore.penalties.laplacian import Laplacian
from nmfcore.penalties.orthogonality import Orthogonality
from nmfcore.penalties.penalty import Penalty
from nmfcore.penalties.simplex import SumToOne
from nmfcore.penalties.terms import Terms

# By the parameter that asks for it: what makes it of a strength, and of a graph where it needs one.
PENALTIES: dict[str, Callable[..., Penalty]] = {
    "l1_W": partial(L1, factor="W"),
    "l2_W": partial(L2, factor="W"),
    "l1_H": partial(L1, factor="H"),
    "l2_H": partial(L2, factor="H"),
    "smoothness_W": Laplacian,
    "orthogonality_H": Orthogonality,
    "sum_to_one": SumToOne,
}

__all__ = ["PENALTIES", "Penalties", "Penalty", "Terms"]


class Penalties(tuple[Penalty, ...]):
    """All that is added to the loss."""

    @property
    def none(self) -> bool:
        """Whether nothing is penalised."""
        return not self

    @property
    def scalable(self) -> bool:
        """Whether the strengths can follow a scaling of X."""
        return all(penalty.degree is not None for penalty in self)

    @cached_property
    def are_shrinkage(self) -> bool:
        """Whether they are a strength of L1 and one of L2 on each factor, the same everywhere, and nothing else."""
        if not all(penalty.is_constant for penalty in self):
            return False
        return all(self._constant(factor, 2).is_shrinkage for factor in "WH")

    def shrinkage(self, factor: str) -> tuple[float, float]:
        """Return the strength of L1 and L2 on W or H, where `are_shrinkage`."""
        return self._shrinkage[factor]

    @cached_property
    def _shrinkage(self) -> dict[str, tuple[float, float]]:
        terms = {factor: self._constant(factor, 1) for factor in "WH"}
        return {factor: (float(part.linear[0]), float(part.diagonal[0])) for factor, part in terms.items()}

    def _constant(self, factor: str, k: int) -> Terms:
        return self.terms(factor, np.empty((0, k)), np.empty((k, 0)))

    def of_sample(self, fraction: float) -> Penalties:
        """Return those of the objective of a sample, of shrinkage: what is on H counts by its fraction of the rows."""
        alone = ((penalty, Penalties([penalty]).shrinkage("H")) for penalty in self)
        return Penalties(
            replace(penalty, strength=penalty.strength * fraction) if any(on_H) else penalty  # pyright: ignore
            for penalty, on_H in alone
        )

    def per_sample(self) -> Penalties:
        """Return those that, H fixed, are sums over the samples."""
        return Penalties(penalty for penalty in self if penalty.is_per_sample)

    def value(self, W: NDArray, H: NDArray) -> float:
        """Return the penalties' value at W (m, k) and H (k, n)."""
        return float(sum(penalty.value(W, H) for penalty in self))

    def terms(self, factor: str, F: NDArray, C: NDArray) -> Terms:
        """Return what is added to the problem of F, W (m, k) or H' (n, k), while the other factor C is fixed."""
        terms = Terms.nothing(F.shape[1], factor)
        for penalty in self:
            penalty.contribute(terms, F, C)
        return terms

    def scaled(self, scale: float, beta: float) -> Penalties:
        """Return those for scale * X, with both factors times sqrt(scale): scale^beta times the objective.

        |HH' - I|^2 does not scale; where it is among them, scale must be 1.
        """
        return Penalties(penalty.scaled(scale, beta) for penalty in self)
