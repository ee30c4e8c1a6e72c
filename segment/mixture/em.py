"""Pixels are described and labelled in turn: one loop for phases with known fractions and without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segment.mixture.normals import COMMON, Normals, fit_normals
from segment.mixture.offsets import solve_offsets
from segment.mixture.pixels import DRAWN

ROUNDS = 8
SETTLED = 1e-3
TEMPERATURES = ((1.0, 2048), (0.3, 2048), (0.1, 4096), (0.03, DRAWN), (0.0, DRAWN))


@dataclass(frozen=True)
class Areas:
    """Known area fractions of the groups.

    Attributes
    ----------
    target : ndarray of float64, shape (k,)
        They sum to one.
    sigma : float
        Their uncertainty, one standard deviation; 0: exact.
    """

    target: NDArray[np.float64]
    sigma: float

    def offsets(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what to add to the scores of each group, shape (k,); see `segment.mixture.offsets.solve_offsets`."""
        return solve_offsets(scores, self.target, self.sigma, schedule=TEMPERATURES).astype(np.float32)


def fit(
    views: NDArray[np.float32],
    start: NDArray[np.integer],
    n_groups: int,
    *,
    common: float = COMMON,
    prior: Areas | None = None,
) -> Normals:
    """Describe groups of pixels by normal distributions, and label the pixels by these, in turn.

    Without a prior a pixel takes its most probable group: classification by expectation maximisation [1]_. Under known
    areas the labels are the best ones that have them, see `label`: k-means with areas that are known [2]_, under
    metrics that are learned; more than boundaries may thereby move. It ends after eight rounds, or where less than a
    thousandth of the labels changes.

    Parameters
    ----------
    views : ndarray of float32, shape (d, n)
        What is seen of some pixels.
    start : ndarray of int, shape (n,)
        Labels to start from, 0 ... n_groups - 1.
    n_groups : int
    common : float in [0, 1], default 0.8
        How much of each covariance is common to all, see `segment.mixture.normals.fit_normals`.
    prior : Areas, optional
        What is known of the areas of the groups.

    Returns
    -------
    Normals
        Of the last labels.

    References
    ----------
    .. [1] G. Celeux, G. Govaert, "A classification EM algorithm for clustering and two stochastic versions", doi
       10.1016/0167-9473(92)90042-E.
    .. [2] M. K. Ng, "A note on constrained k-means algorithms", doi 10.1016/S0031-3203(99)00057-6.

    Examples
    --------
    >>> views = np.random.default_rng(0).normal(size=(1, 1000)).astype(np.float32)
    >>> views[:, :300] += 6
    >>> found = fit(views, (views[0] > 7).astype(int), 2, prior=Areas(np.array([0.7, 0.3]), 0.05))
    >>> [float(mean.round()) + 0.0 for mean in found.means[:, 0]]
    [0.0, 6.0]
    """
    labels, found = start, fit_normals(views, start, n_groups, common)
    for _ in range(ROUNDS):
        moved = label(found, views, prior)
        found = fit_normals(views, moved, n_groups, common)
        if np.mean(moved != labels) < SETTLED:
            break
        labels = moved
    return found


def label(normals: Normals, views: NDArray[np.float32], prior: Areas | None = None) -> NDArray[np.intp]:
    """Return the group of some pixels, the most probable one, or the best under known areas; (d, n) becomes (n,)."""
    if prior is None:
        return normals.shares(views).argmax(axis=0)
    scores = normals.scores(views)
    return np.argmax(scores + prior.offsets(scores)[:, None], axis=0)
