"""Offsets that vary smoothly over the image, where the fractions are known place by place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from segment.composition.evidence import margins

# Nodes along the longer side of the image; the shorter one has as many as keep the cells square.
NODES = 9
# Temperatures in mean margins, and pixels looked at.
SCHEDULE = ((1.0, 4096), (0.3, 8192), (0.1, 16384), (0.03, 16384))
ITERATIONS = 60


def solve_offset_field(
    scores: NDArray[np.floating], target: NDArray[np.float64], sigma: float = 0.0, limit: float = np.inf
) -> NDArray[np.float32]:
    """Find offsets b(x), piecewise bilinear on a coarse grid, that make local fractions meet a map of them.

    The same problem as `solve_offsets`, with one prior for every node c of the grid: over all labellings,

    ``- mean_p scores[label_p, p] + sum_c w_c sum_i h(f_ic - target_ic)``

    is least, where f_c and target_c are averages around the node, weighted by its bilinear hat phi_c, and w_c is the
    mean of phi_c. In the dual the offsets are ``b_i(x) = sum_c beta_ic phi_c(x)``, ``|beta_ic| <= limit / 2``.

    Parameters
    ----------
    scores : ndarray of float, shape (k, h, w)
        Logarithms of the evidence for each phase in each pixel.
    target : ndarray of float64, shape (k, h, w)
        Fractions at every place, summing to one over the phases.
    sigma : float, default 0.0
        Uncertainty of `target`; 0 meets the local averages as nearly as the sample resolves.
    limit : float, default infinity
        Largest difference between two offsets at one place.

    Returns
    -------
    ndarray of float32, shape (k, h, w)
        The offsets of every pixel.

    Notes
    -----
    Solved by L-BFGS-B on at most 16384 pixels drawn with a fixed seed. The longer side has 9 nodes; an axis along
    which `target` does not change has one.

    Examples
    --------
    >>> scores = np.zeros((2, 40, 40), np.float32)
    >>> scores[1] = np.random.default_rng(0).normal(size=(40, 40))
    >>> target = np.empty((2, 40, 40))
    >>> target[0] = np.linspace(0.1, 0.9, 40)[:, None]
    >>> target[1] = 1 - target[0]
    >>> labels = np.argmax(scores + solve_offset_field(scores, target), axis=0)
    >>> bool(labels[:10].mean() > 0.7), bool(labels[-10:].mean() < 0.3)
    (True, True)
    """
    n_phases, height, width = scores.shape
    grid = _grid(target, height, width)
    down, across = _hats(np.arange(height), height, grid[0]), _hats(np.arange(width), width, grid[1])
    pixels = _drawn(height * width, SCHEDULE[-1][1])
    # The product of two hats is a node's weight in a pixel: at most four of them differ from zero.
    hats = sparse.csr_array(
        np.einsum("pr,pc->prc", down[pixels // width], across[pixels % width]).reshape(len(pixels), -1)
    )
    sampled = scores.reshape(n_phases, -1)[:, pixels].astype(np.float64)
    wanted = target.reshape(n_phases, -1)[:, pixels]
    variance, bound = max(sigma, 1e-3) ** 2, limit / 2
    scale = max(float(margins(sampled).mean()), 1e-6)
    beta = np.zeros((n_phases, hats.shape[1]))
    for temperature, n_pixels in SCHEDULE:
        beta = _maximise(
            sampled[:, :n_pixels], wanted[:, :n_pixels], hats[:n_pixels], variance, bound, scale * temperature, beta
        )
    field = np.einsum("yr,irc,xc->iyx", down, beta.reshape(n_phases, *grid), across, optimize=True)
    return np.ascontiguousarray(field, dtype=np.float32)


def _maximise(
    scores: NDArray[np.float64],
    wanted: NDArray[np.float64],
    hats: sparse.csr_array,
    variance: float,
    bound: float,
    temperature: float,
    start: NDArray[np.float64],
) -> NDArray[np.float64]:
    n_pixels = scores.shape[1]
    weights = np.asarray(hats.mean(axis=0)).ravel()
    transposed = hats.T.tocsr()

    # Only guided maps need it, and it takes a third of a second to load.
    from scipy.optimize import minimize

    def negative_dual(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        beta = flat.reshape(start.shape)
        offsets = (hats @ beta.T).T
        raised = (scores + offsets) / temperature
        highest = raised.max(axis=0)
        shares = np.exp(raised - highest)
        total = shares.sum(axis=0)
        shares /= total
        value = np.sum(wanted * offsets) / n_pixels - temperature * np.mean(highest + np.log(total))
        value -= variance / 2 * float(np.sum(weights * beta**2))
        gradient = (transposed @ (wanted - shares).T).T / n_pixels - variance * weights * beta
        return -float(value), -gradient.ravel()

    bounds = None if np.isinf(bound) else [(-bound, bound)] * start.size
    solution = minimize(
        negative_dual, start.ravel(), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": ITERATIONS}
    )
    return solution.x.reshape(start.shape)


def _grid(target: NDArray[np.float64], height: int, width: int) -> tuple[int, int]:
    longer = max(height, width)
    rows = 1 if np.all(target == target[:, :1, :]) else min(height, max(2, round(NODES * height / longer)))
    columns = 1 if np.all(target == target[:, :, :1]) else min(width, max(2, round(NODES * width / longer)))
    return rows, columns


def _hats(places: NDArray[np.intp], length: int, n_nodes: int) -> NDArray[np.float64]:
    """Return the linear hat of every node at every place, shape (n_places, n_nodes); they sum to one."""
    if n_nodes == 1:
        return np.ones((len(places), 1))
    position = places * (n_nodes - 1) / (length - 1)
    return np.maximum(0.0, 1.0 - np.abs(position[:, None] - np.arange(n_nodes)))


def _drawn(n_pixels: int, n_drawn: int) -> NDArray[np.intp]:
    rng = np.random.default_rng(0)
    return rng.permutation(n_pixels) if n_pixels <= n_drawn else rng.integers(n_pixels, size=n_drawn)
