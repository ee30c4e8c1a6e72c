"""The problem that a solver is handed: X scaled to a safe range, the loss, the penalties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from nmfcore.data import Data
from nmfcore.losses import LOSSES, beta_divergence
from nmfcore.penalties import Penalties
from nmfcore.validation import check_choice, check_number, check_values

__all__ = ["Problem", "beta_of", "choose_scale", "make_problem"]

# Squares and products of entries within these bounds neither overflow nor vanish in float32.
_SMALLEST, _LARGEST = 2.0**-30, 2.0**30


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
        """What the objective was multiplied by."""
        return self.scale**self.beta

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
    mask: NDArray[np.bool_] | None = None,
    sample_weight: NDArray[Any] | None = None,
    first_row: int = 0,
) -> Problem:
    """Check the values of X, whose row 0 is the user's row first_row, and return the problem.

    Raises
    ------
    ValueError
        If X has a negative or non-finite entry, or a zero where beta <= 0.
    """
    largest, square = check_values(X, "X", first_row)
    if beta <= 0 and _has_zeros(X, mask):
        raise ValueError(
            "When beta_loss <= 0 and X contains zeros, the solver may diverge. Please add small values to X, or use a "
            "positive beta_loss."
        )
    scale = choose_scale(largest, penalties)
    if scale != 1.0:
        X = X * X.dtype.type(scale)
        penalties = penalties.scaled(scale, beta)
    data = Data(X, mask, sample_weight)
    if beta == 2.0 and data.is_plain:
        reference = 0.5 * square * scale**2
    else:
        m, n = data.shape
        mean = float(X.mean(dtype=np.float64)) if beta != 2.0 else 0.0
        ones = np.ones((m, 1), X.dtype)
        reference = beta_divergence.value(data.rows, ones, np.full((1, n), mean, X.dtype), beta)
    return Problem(data, penalties, beta, reference, scale, largest)


def choose_scale(largest: float, penalties: Penalties) -> float:
    """Return the power of four that brings the largest entry of X into the safe range; 1 where the penalties forbid."""
    if largest == 0.0 or _SMALLEST <= largest <= _LARGEST or not penalties.scalable:
        return 1.0
    # A power of four, so that its root is exact too; denormals are beyond the range of its inverse.
    return 2.0 ** (2 * int(np.clip(np.round(-np.log2(largest) / 2), -63, 63)))


def _has_zeros(X: Any, mask: NDArray[np.bool_] | None) -> bool:
    if sp.issparse(X):
        return X.nnz < X.shape[0] * X.shape[1] or bool((X.data == 0).any())
    return bool((X == 0).any() if mask is None else ((X == 0) & mask).any())
