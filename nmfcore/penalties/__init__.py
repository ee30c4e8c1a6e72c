"""What is added to the loss to steer the factors.

A penalty is one file with a function ``value(F, strength)``, and one line here. Solvers take its strength: L1 lowers the
linear term of the quadratic they minimise, L2 raises the diagonal of its Gram matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import NDArray

from nmfcore.penalties import l1, l2

PENALTIES = {"l1": l1, "l2": l2}

__all__ = ["PENALTIES", "Penalties"]


@dataclass(frozen=True)
class Penalties:
    """The strengths of every penalty, as they enter the objective.

    Attributes
    ----------
    l1_W, l2_W, l1_H, l2_H : float
        Factors of ``|W|_1``, ``1/2 |W|_F^2``, ``|H|_1`` and ``1/2 |H|_F^2``.
    """

    l1_W: float = 0.0
    l2_W: float = 0.0
    l1_H: float = 0.0
    l2_H: float = 0.0

    @classmethod
    def from_scikit_learn(
        cls, shape: tuple[int, int], alpha_W: float, alpha_H: float | str, l1_ratio: float
    ) -> Penalties:
        """Translate scikit-learn's parameters for X of this shape (n_samples, n_features)."""
        n_samples, n_features = shape
        strength_H = alpha_W if isinstance(alpha_H, str) else alpha_H
        return cls(
            l1_W=n_features * alpha_W * l1_ratio,
            l2_W=n_features * alpha_W * (1.0 - l1_ratio),
            l1_H=n_samples * strength_H * l1_ratio,
            l2_H=n_samples * strength_H * (1.0 - l1_ratio),
        )

    @property
    def none(self) -> bool:
        """Whether nothing is penalised."""
        return self == Penalties()

    def strengths(self, factor: str) -> dict[str, float]:
        """Return the strength of each penalty on the factor, "W" or "H"."""
        return {name: getattr(self, f"{name}_{factor}") for name in PENALTIES}

    def value_W(self, W: NDArray) -> float:
        """Return the penalties' value at W (m, k)."""
        return sum(PENALTIES[name].value(W, s) for name, s in self.strengths("W").items() if s)

    def value_H(self, H: NDArray) -> float:
        """Return the penalties' value at H (k, n)."""
        return sum(PENALTIES[name].value(H, s) for name, s in self.strengths("H").items() if s)

    def scaled(self, scale: float) -> Penalties:
        """Return the strengths that belong to scale * X, sqrt(scale) * W and sqrt(scale) * H: scale^2 * objective."""
        return Penalties(
            self.l1_W * scale**1.5, self.l2_W * scale, self.l1_H * scale**1.5, self.l2_H * scale
        )
