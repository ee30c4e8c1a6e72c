"""The number that every solver lowers and every test compares with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nmfcore.losses import LOSSES
from nmfcore.penalties import Penalties
from nmfcore.validation import as_matrix, check_choice, check_number

__all__ = ["beta_loss_name", "objective", "translate_penalties"]


def beta_loss_name(beta_loss: object) -> str:
    """Return the registered name of a loss given as scikit-learn spells it."""
    if isinstance(beta_loss, int | float) and not isinstance(beta_loss, bool) and beta_loss == 2:
        return "frobenius"
    return check_choice(beta_loss, "beta_loss", tuple(LOSSES))


def translate_penalties(
    shape: tuple[int, int], alpha_W: object, alpha_H: object, l1_ratio: object
) -> Penalties:
    """Check scikit-learn's penalty parameters and return the strengths they mean for X of this shape."""
    strength_W = check_number(alpha_W, "alpha_W")
    if alpha_H == "same":
        strength_H = strength_W
    elif isinstance(alpha_H, str):
        raise ValueError(f"alpha_H must be a number or 'same', got {alpha_H!r}.")
    else:
        strength_H = check_number(alpha_H, "alpha_H")
    return Penalties.from_scikit_learn(shape, strength_W, strength_H, check_number(l1_ratio, "l1_ratio", 0.0, 1.0))


def objective(
    X: ArrayLike,
    W: ArrayLike,
    H: ArrayLike,
    *,
    beta_loss: float | str = "frobenius",
    alpha_W: float = 0.0,
    alpha_H: float | str = "same",
    l1_ratio: float = 0.0,
) -> float:
    r"""Return the value of the objective at (W, H).

    .. math::

        \tfrac12 \|X - WH\|_F^2
        + \alpha_W \rho\, n \|W\|_1 + \tfrac12 \alpha_W (1 - \rho)\, n \|W\|_F^2
        + \alpha_H \rho\, m \|H\|_1 + \tfrac12 \alpha_H (1 - \rho)\, m \|H\|_F^2

    with m = n_samples, n = n_features and :math:`\rho` = l1_ratio: scikit-learn's scaling.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Data.
    W : array-like of shape (n_samples, n_components)
        Weights.
    H : array-like of shape (n_components, n_features)
        Components.
    beta_loss : {"frobenius"} or 2, default="frobenius"
        The loss.
    alpha_W, alpha_H : float, default=0.0 and "same"
        Strength of the penalties on W and on H; "same": that of W.
    l1_ratio : float in [0, 1], default=0.0
        Share of the L1 penalty; the rest is L2.

    Returns
    -------
    float
        The value, computed in float64.

    Raises
    ------
    ValueError
        If shapes do not fit, or a parameter is out of its range; the message names it.

    Notes
    -----
    Takes O(m n k) time, and memory for one block of rows.

    Examples
    --------
    >>> import numpy as np
    >>> from nmfcore import objective
    >>> objective(np.eye(2), np.ones((2, 1)), np.array([[0.5, 0.5]]))
    0.5
    """
    X, W, H = as_matrix(X), as_matrix(W, "W"), as_matrix(H, "H")
    if W.shape[0] != X.shape[0] or H.shape[1] != X.shape[1] or W.shape[1] != H.shape[0]:
        raise ValueError(f"W {W.shape} times H {H.shape} is not of the shape of X {X.shape}.")
    penalties = translate_penalties(X.shape, alpha_W, alpha_H, l1_ratio)
    W, H = W.astype(np.float64), H.astype(np.float64)
    return LOSSES[beta_loss_name(beta_loss)].value(X, W, H) + penalties.value_W(W) + penalties.value_H(H)
