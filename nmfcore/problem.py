"""The problem that a solver is handed: X scaled to a safe range, the loss, the penalties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from nmfcore.data import Data
from nmfcore.losses import LOSSES, beta_divergence, divergence
from nmfcore.penalties import Penalties
from nmfcore.validation import check_choice, check_number, check_values

__all__ = ["Problem", "beta_of", "choose_scale", "make_problem"]

# Squares and products of entries within these bounds neither overflow nor vanish in float32.
_SMALLEST, _LARGEST = 2.0**-30, 2.0**30
# Strengths are multiplied by powers of the scale.
_MOST_WITH_PENALTIES = 63


@dataclass(frozen=True)
class Problem:
    """Data and objective.

    Attributes
    ----------
    data : Data
        scale * X, with its weights.
    penalties : Penalties
        Strengths for the scaled problem.
    beta : float
        The loss.
    reference : float
        The objective against which errors are relative.
    scale : float
        Power of four that X was multiplied by; the factors are multiplied by its root.
    largest : float
        Largest entry of the user's X.
    """

    data: Data
    penalties: Penalties
    beta: float
    reference: float
    scale: float
    largest: float

    @property
    def gain(self) -> float:
        """What the objective was multiplied by; infinite where an objective of the user's X is too small a number."""
        with np.errstate(over="ignore", under="ignore"):
            return float(np.float64(self.scale) ** self.beta)

    def measure(self, W: NDArray, H: NDArray) -> tuple[float, float]:
        """Return the objective at W (m, k) and H (k, n), and the loss without the penalties, both in float64."""
        distance = divergence(self.data, W, H, self.beta)
        if self.penalties.none:
            return distance, distance
        return distance + self.penalties.value(W.astype(np.float64), H.astype(np.float64)), distance

    def scaled(self, F: NDArray) -> NDArray:
        """Return a factor of the user's problem as one of this problem."""
        return F if self.scale == 1.0 else F * F.dtype.type(np.sqrt(self.scale))

    def unscaled(self, F: NDArray) -> NDArray:
        """Return a factor of this problem as one of the user's problem."""
        return F if self.scale == 1.0 else F / F.dtype.type(np.sqrt(self.scale))


def beta_of(beta_loss: object) -> float:
    """Return the beta of a loss given as scikit-learn spells it, by name or number."""
    if isinstance(beta_loss, str):
        return LOSSES[check_choice(beta_loss, "beta_loss", tuple(LOSSES))]
    return check_number(beta_loss, "beta_loss", -np.inf)


def make_problem(
    X: Any,
    penalties: Penalties,
    beta: float,
    *,
    mask: NDArray[Any] | None = None,
    sample_weight: NDArray[Any] | None = None,
    first_row: int = 0,
) -> Problem:
    """Check the values of X, whose row 0 is the user's row first_row, and return the problem.

    Raises
    ------
    ValueError
        If X has a negative or non-finite entry, a zero where beta <= 0, or entries whose objective is infinite.
    """
    largest, square = check_values(X, "X", first_row)
    if beta <= 0 and _has_zeros(X, mask):
        raise ValueError(
            "When beta_loss <= 0 and X contains zeros, the solver may diverge. Please add small values to X, or use a "
            "positive beta_loss."
        )
    scale = choose_scale(largest, penalties, X.dtype)
    if scale != 1.0:
        with np.errstate(under="ignore"):
            X = X * X.dtype.type(scale)
        penalties = penalties.scaled(scale, beta)
        _, square = check_values(X, "X", first_row)
    data = Data(X, mask, sample_weight)
    if beta == 2.0 and data.is_plain:
        reference = 0.5 * square
    else:
        m, n = data.shape
        mean = data.mean() if beta != 2.0 else 0.0
        ones = np.ones((m, 1), X.dtype)
        reference = beta_divergence.value(data.rows, ones, np.full((1, n), mean, X.dtype), beta)
    problem = Problem(data, penalties, beta, reference, scale, largest)
    with np.errstate(all="ignore"):
        if not np.isfinite(np.float64(reference) / problem.gain):
            raise ValueError(
                f"X has entries up to {largest:.3g}: the objective for beta_loss = {beta:g} is beyond the largest "
                "number. Divide X by its largest entry; the factors are those of X but for a factor."
            )
    return problem


def choose_scale(largest: float, penalties: Penalties, dtype: np.dtype) -> float:
    """Return the power of four that brings the largest entry of X into the safe range; 1 where the penalties forbid."""
    if largest == 0.0 or _SMALLEST <= largest <= _LARGEST or not penalties.scalable:
        return 1.0
    # A power of four, so that its root is exact too; denormals are beyond the range of its inverse.
    most = np.finfo(dtype).maxexp // 2 - 1 if penalties.none else _MOST_WITH_PENALTIES
    return 2.0 ** (2 * int(np.clip(np.round(-np.log2(largest) / 2), -most, most)))


def _has_zeros(X: Any, mask: NDArray[Any] | None) -> bool:
    if sp.issparse(X):
        return bool((X.data == 0).any()) or (mask is None and X.nnz < X.shape[0] * X.shape[1])
    return bool((X == 0).any() if mask is None else ((X == 0) & (mask > 0)).any())
