"""The number that every solver lowers and every test compares with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from nmfcore.data import Data
from nmfcore.losses import divergence
from nmfcore.penalties import PENALTIES, Penalties, Penalty
from nmfcore.problem import beta_of
from nmfcore.validation import as_matrix, check_mask, check_number, check_sample_weight, hide_missing, make_graph

__all__ = ["objective", "translate_penalties"]


def translate_penalties(
    shape: tuple[int, int],
    alpha_W: object,
    alpha_H: object,
    l1_ratio: object,
    *,
    smoothness_W: object = 0.0,
    grid_shape: Any = None,
    graph: Any = None,
    orthogonality_H: object = 0.0,
    penalties: Sequence[Penalty] = (),
    sum_to_one: bool = False,
) -> Penalties:
    """Check the user's penalty parameters and return the penalties they mean for X of this shape."""
    for penalty in penalties:
        if not isinstance(penalty, Penalty):
            raise TypeError(f"penalties must hold nmfcore.Penalty objects, got {penalty!r}.")
        check_number(penalty.strength, f"strength of {type(penalty).__name__}")
    strength_W = check_number(alpha_W, "alpha_W")
    if isinstance(alpha_H, str):
        if alpha_H != "same":
            raise ValueError(f"alpha_H must be a number or 'same', got {alpha_H!r}.")
        strength_H = strength_W
    else:
        strength_H = check_number(alpha_H, "alpha_H")
    ratio = check_number(l1_ratio, "l1_ratio", 0.0, 1.0)
    smoothness = check_number(smoothness_W, "smoothness_W")
    m, n = shape
    tied = make_graph(grid_shape, graph, m, needed=smoothness > 0)
    strengths = {
        "l1_W": n * strength_W * ratio,
        "l2_W": n * strength_W * (1.0 - ratio),
        "l1_H": m * strength_H * ratio,
        "l2_H": m * strength_H * (1.0 - ratio),
        "orthogonality_H": check_number(orthogonality_H, "orthogonality_H"),
    }
    named = [PENALTIES[name](strength) for name, strength in strengths.items()]
    if sum_to_one:
        if strengths["l1_W"]:
            raise ValueError(
                f"alpha_W={alpha_W!r} with l1_ratio={l1_ratio!r} adds a constant where sum_to_one=True: the L1 norm of "
                "rows that sum to one is one. Set l1_ratio=0, or alpha_W=0."
            )
        named.append(PENALTIES["sum_to_one"](1.0))
    if tied is not None:
        named.append(PENALTIES["smoothness_W"](smoothness, tied))
    return Penalties(penalty for penalty in (*named, *penalties) if penalty.strength)


def objective(
    X: ArrayLike | sp.sparray | sp.spmatrix,
    W: ArrayLike,
    H: ArrayLike,
    *,
    beta_loss: float | str = "frobenius",
    alpha_W: float = 0.0,
    alpha_H: float | str = "same",
    l1_ratio: float = 0.0,
    smoothness_W: float = 0.0,
    grid_shape: Any = None,
    graph: Any = None,
    orthogonality_H: float = 0.0,
    penalties: Sequence[Penalty] = (),
    mask: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    r"""Return the value of the objective at (W, H).

    .. math::

        \begin{aligned}
        D_\beta(X | WH)
        &+ \alpha_W \rho\, n \|W\|_1 + \tfrac{1}{2} \alpha_W (1 - \rho)\, n \|W\|_F^2 \\
        &+ \alpha_H \rho\, m \|H\|_1 + \tfrac{1}{2} \alpha_H (1 - \rho)\, m \|H\|_F^2 \\
        &+ \tfrac{1}{2} s \sum_t \|h_t\|^2\, w_t^\top L w_t + \tfrac{1}{2} g \|H H^\top - I\|_F^2
        \end{aligned}

    with m = n_samples, n = n_features, :math:`\rho` = l1_ratio (scikit-learn's scaling), s = smoothness_W, L the
    Laplacian of the pixel grid or graph, g = orthogonality_H, and the beta-divergence [1]_

    .. math::

        d_2 = \tfrac{1}{2} (x - y)^2, \quad d_1 = x \log(x / y) - x + y, \quad d_0 = x / y - \log(x / y) - 1.

    Each entry of the divergence counts with its own or its sample's weight, masked ones not at all.

    Parameters
    ----------
    X : array-like or sparse of shape (n_samples, n_features)
        Data.
    W : array-like of shape (n_samples, n_components)
        Weights.
    H : array-like of shape (n_components, n_features)
        Components.
    beta_loss : {"frobenius", "kullback-leibler", "itakura-saito"} or float, default="frobenius"
        The loss; its beta is 2, 1, 0 or the number.
    alpha_W, alpha_H : float, default=0.0 and "same"
        Strength of the penalties on W and on H; "same": that of W.
    l1_ratio : float in [0, 1], default=0.0
        Fraction of the L1 penalty; the rest is L2.
    smoothness_W : float, default=0.0
        Strength of the spatial Laplacian; needs grid_shape or graph.
    grid_shape : (int, int) or list of such, default=None
        Height and width of the image whose pixels, row by row, are the samples; or of each of the stacked images.
    graph : sparse matrix of shape (n_samples, n_samples), default=None
        Symmetric non-negative adjacency, in place of grid_shape.
    orthogonality_H : float, default=0.0
        Strength.
    penalties : sequence of Penalty, default=()
        Further penalties, as objects.
    mask : array-like or sparse of bool or float, shape (n_samples, n_features), default=None
        Which entries count, or the weight of each; of a sparse mask those that it stores.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each sample in the divergence.

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
    Takes O(m n k) time, and memory for one block of rows; sparse X is never made dense. Where a product WH would be
    divided by, it counts as at least 1e-30 (float32) or 1e-150 (float64).

    References
    ----------
    .. [1] Fevotte, Idier, Neural Computation 23(9), 2011, doi:10.1162/NECO_a_00168, eq. (2).

    Examples
    --------
    >>> import numpy as np
    >>> from nmfcore import objective
    >>> objective(np.eye(2), np.ones((2, 1)), np.array([[0.5, 0.5]]))
    0.5
    """
    A = as_matrix(X)
    left, right = (as_matrix(F, name).astype(np.float64) for F, name in ((W, "W"), (H, "H")))
    if left.shape[0] != A.shape[0] or right.shape[1] != A.shape[1] or left.shape[1] != right.shape[0]:
        raise ValueError(f"W {left.shape} times H {right.shape} is not of the shape of X {A.shape}.")
    strengths = translate_penalties(
        A.shape,
        alpha_W,
        alpha_H,
        l1_ratio,
        smoothness_W=smoothness_W,
        grid_shape=grid_shape,
        graph=graph,
        orthogonality_H=orthogonality_H,
        penalties=penalties,
    )
    beta = beta_of(beta_loss)
    A, seen = hide_missing(A, check_mask(mask, A.shape), "error")
    data = Data(A, seen, check_sample_weight(sample_weight, A.shape[0]))
    return divergence(data, left, right, beta) + strengths.value(left, right)
