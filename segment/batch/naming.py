"""Give the phases of many images common ids: phases that look alike are one."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

STARTS = 20
ROUNDS = 300


# Sums over threads would end in other bits with each number of them.
@threadpool_limits.wrap(limits=1)
def find_shared(points: NDArray[np.float64], n_phases: int, random_state: int = 0) -> NDArray[np.float64]:
    """Find shared phases by k-means over the phases of all images, each counting alike, however large it is.

    Two phases of one image may become one, and a shared phase may be absent from an image.

    Parameters
    ----------
    points : ndarray of float64, shape (n, n_features)
        Mean features of the phases of all images, see `segment.batch.Ruler.place`.
    n_phases : int
        Number of shared phases.
    random_state : int, default 0
        Seed of the twenty starts.

    Returns
    -------
    ndarray of float64, shape (m, n_features)
        Mean features of the shared phases; m is `n_phases`, or fewer where there are no more different points.

    References
    ----------
    S. Lloyd, "Least squares quantization in PCM", doi 10.1109/TIT.1982.1056489.

    Examples
    --------
    >>> points = np.array([[0.1, 0.9], [0.8, 0.2], [0.0, 1.0], [0.9, 0.1]])
    >>> np.sort(find_shared(points, 2)[:, 0]).round(2).tolist()
    [0.05, 0.85]
    """
    # Slow to load, and no part of the start of what only shows results.
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    n_different = len(np.unique(points, axis=0))
    with warnings.catch_warnings():
        # Points that hardly differ are one, which is no fault of theirs.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(min(n_phases, n_different), n_init=STARTS, max_iter=ROUNDS, tol=0, random_state=random_state)
        found.fit(points)
    return np.stack([points[found.labels_ == label].mean(axis=0) for label in np.unique(found.labels_)])


def nearest(points: NDArray[np.float64], shared: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the nearest row of `shared` to every row of `points`; the first of several."""
    return np.square(points[:, None] - shared).sum(axis=2).argmin(axis=1)
