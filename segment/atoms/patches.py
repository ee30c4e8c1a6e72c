"""What columns look like with their surroundings, where no lattice is known: parts of patches."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import map_coordinates

from nmfcore import NMF
from segment.records import Columns, PatchParts

# Parts that explain less of the deviance of one part alone say nothing.
LEAST_GAIN = 0.05


def find_patch_parts(
    image: ArrayLike, columns: Columns, *, n_parts: int = 3, radius_px: float | None = None, random_state: int = 0
) -> PatchParts:
    """Factorise patches about columns for the Kullback-Leibler loss, which suits counts; abstain where one part does.

    Parameters
    ----------
    image : array-like of float, shape (h, w)
        Grey levels; their least one is set to 0.
    columns : Columns
    n_parts : int, default 3
        Number of parts.
    radius_px : float or None, default None
        Half the side of a patch; None takes six standard deviations of a column.
    random_state : int, default 0
        Seed of the start.

    Returns
    -------
    PatchParts
        With `abstains` where the parts explain less than 5 % of what one part leaves.

    Raises
    ------
    ValueError
        There are fewer than 20 columns away from the edge, or fewer than 2 parts are asked for.
    """
    if n_parts < 2:
        raise ValueError(f"n_parts must be at least 2, got {n_parts}")
    values = np.asarray(image, dtype=np.float64)
    reach = round(6 * columns.shape.sigma_px if radius_px is None else radius_px)
    offset = np.arange(-reach, reach + 1)
    high = np.array(values.shape) - 1 - reach
    used = np.flatnonzero(np.all((columns.positions >= reach) & (columns.positions <= high), axis=1) & ~columns.is_edge)
    if used.size < 20:
        raise ValueError(f"{used.size} columns away from the edge are too few for statistics, at least 20 are needed")
    rows = columns.y[used, None, None] + offset[:, None]
    across = columns.x[used, None, None] + offset
    rows, across = np.broadcast_arrays(rows, across)
    patches = map_coordinates(values, [rows, across], order=1, mode="nearest").reshape(used.size, -1)
    patches = patches - min(0.0, float(np.nanmin(values)))
    patches = np.maximum(np.nan_to_num(patches), 0.0)
    one, several = (_deviance(patches, k, random_state) for k in (1, n_parts))
    gain = 1 - several[0] / max(one[0], np.finfo(np.float64).tiny)
    weights = several[1] * several[2].sum(axis=1)
    label = np.full(len(columns), -1)
    label[used] = weights.argmax(axis=1)
    return PatchParts(
        label, several[2].reshape(n_parts, offset.size, offset.size), float(gain), bool(gain < LEAST_GAIN)
    )


def _deviance(
    patches: NDArray[np.float64], n_parts: int, random_state: int
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    model = NMF(
        n_components=n_parts, beta_loss="kullback-leibler", solver="cd", init="nndsvda", max_iter=200, tol=1e-4,
        random_state=random_state,
    )  # fmt: skip
    weights = model.fit_transform(patches)
    return float(model.reconstruction_err_) ** 2, weights, model.components_
