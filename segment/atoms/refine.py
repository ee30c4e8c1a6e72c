"""Fit all columns of an image together: positions, amplitudes, background and the shape they share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, bsr_array, csc_array, csr_array, diags_array
from scipy.sparse.linalg import SuperLU, splu

from segment.atoms.joint_model import JointModel
from segment.records import ImageNoise

# Of the diagonal of the normal matrix, far below what errors are known to.
DAMPING = 1e-4
# Log sigma and tails are drawn to those of the start by so much, as standard deviations: few counts feel it.
SHAPE_PRIOR = np.array([0.5, 0.1])


@dataclass(frozen=True)
class NormalEquations:
    """The normal matrix of columns and background, factorised, and its border, the shape.

    Attributes
    ----------
    matrix : csc_array, shape (3 n + p q, 3 n + p q)
    solver : SuperLU
    gradient : ndarray of float64, shape (3 n + p q,)
    border : ndarray of float64, shape (3 n + p q, 2)
        Between the columns and the shape.
    corner : ndarray of float64, shape (2, 2)
    shape_gradient : ndarray of float64, shape (2,)
    """

    matrix: csc_array
    solver: SuperLU
    gradient: NDArray[np.float64]
    border: NDArray[np.float64]
    corner: NDArray[np.float64]
    shape_gradient: NDArray[np.float64]


def refine(
    image: NDArray[np.float64],
    model: JointModel,
    noise: ImageNoise,
    weight: NDArray[np.float64],
    *,
    max_steps: int,
    fit_shape: bool = True,
    tol: float = 2e-2,
) -> JointModel:
    """Take Gauss-Newton steps of all parameters together, weighted by the variance that the model itself expects.

    Parameters
    ----------
    image : ndarray of float64, shape (h, w)
    model : JointModel
        Where to begin.
    noise : ImageNoise
    weight : ndarray of float64, shape (h, w)
        1 for pixels that count, 0 for those without a value.
    max_steps : int
    fit_shape : bool, default True
        Fit the shape of the columns as well.
    tol : float, default 2e-2
        Stop where columns move by no more than so many pixels, root mean square.

    Returns
    -------
    JointModel

    Notes
    -----
    For counts this is Fisher scoring of the Poisson likelihood. One step costs a sparse factorization of the normal
    matrix of all columns; the two numbers of the shape are a border of it.
    """
    start = model.shape
    for _ in range(max_steps):
        equations = normal_equations(image, model, noise, weight, with_shape=fit_shape)
        step, shape_step = equations.solver.solve(equations.gradient), np.zeros(2)
        if fit_shape:
            inverse = equations.solver.solve(equations.border)
            prior = 1 / SHAPE_PRIOR**2
            away = np.array([np.log(model.shape.sigma_px / start.sigma_px), model.shape.tails - start.tails])
            matrix = equations.corner - equations.border.T @ inverse + np.diag(prior)
            right = equations.shape_gradient - equations.border.T @ step - prior * away
            shape_step = model.limited(np.linalg.solve(matrix, right))
            step = step - inverse @ shape_step
        model = model.moved(step, shape_step)
        moved = np.append(step[: 3 * model.y.size].reshape(-1, 3)[:, :2].ravel(), 0.0)
        if np.sqrt(np.mean(np.minimum(np.abs(moved), model.shape.sigma_px) ** 2)) < tol:
            break
    return model


def normal_equations(
    image: NDArray[np.float64], model: JointModel, noise: ImageNoise, weight: NDArray[np.float64], *, with_shape: bool
) -> NormalEquations:
    """Return the normal equations of a step from `model`; without the shape its part is 0."""
    expected = model.expected()
    per_pixel = (weight / noise.variance(expected)).ravel()
    residual = (image - expected).ravel()
    local, smooth = model.jacobian()
    of_entry = np.repeat(per_pixel, np.diff(local.indptr))[:, None, None]
    weighted = bsr_array((local.data * of_entry, local.indices, local.indptr), shape=local.shape)
    weighted_smooth = diags_array(per_pixel) @ smooth
    transposed = bsr_array(local.T)
    cross = csr_array(transposed.tocsr()) @ weighted_smooth
    matrix = csc_array(
        block_array([[transposed @ weighted, cross], [cross.T, smooth.T @ weighted_smooth]], format="csc")
    )
    # What no pixel speaks of stays where it is, and two columns at one place do not push each other away.
    diagonal = matrix.diagonal()
    matrix = csc_array(matrix + diags_array(np.maximum(DAMPING * diagonal, diagonal.max(initial=1.0) * 1e-9)))
    solver = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})

    def project(values: NDArray[np.float64]) -> NDArray[np.float64]:
        values = (values.T * per_pixel).T
        return np.concatenate([transposed @ values, smooth.T @ values])

    border, corner, shape_gradient = np.zeros((matrix.shape[0], 2)), np.zeros((2, 2)), np.zeros(2)
    if with_shape:
        slopes = model.shape_derivatives().T
        border = project(slopes)
        corner = slopes.T @ (per_pixel[:, None] * slopes)
        shape_gradient = slopes.T @ (per_pixel * residual)
    return NormalEquations(matrix, solver, project(residual), border, corner, shape_gradient)
