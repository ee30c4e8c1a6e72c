"""Describe the phases of one image anew, from the map that a shared model makes of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segment.composition.appearance import DRAWN
from segment.composition.grey_levels import calm
from segment.composition.offsets import draw
from segment.composition.sharpness import gradient, sharpness, step_of
from segment.model.abundances import largest
from segment.model.mixture import Mixture, join, see
from segment.model.refining import CLEARLY, COMMON, principal, settle
from segment.records import Adaptation, valid_of


# Sums over threads would end in other bits with each number of them.
@threadpool_limits.wrap(limits=1, user_api="blas")
def adapt(
    X: NDArray[np.float32], grey: NDArray[np.float32], shared: NDArray[np.float32], mixture: Mixture | None
) -> tuple[NDArray[np.float32], Adaptation] | None:
    """Describe the phases of one image by its own pixels, where that makes its boundaries sharper.

    From the map of the shared model, under each kind of covariance, the pixels are described and labelled in turn, as
    in `segment.model.refining.refine`. Of the descriptions, the one counts whose boundaries in this image are the
    sharpest, if they are 1.05 times as sharp as those of the shared map. One in which two phases would be better named
    the other way round, by the pixels they have in common with the shared map, does not count.

    Parameters
    ----------
    X : ndarray of float32, shape (h * w, n_features)
        Features of all pixels.
    grey : ndarray of float32, shape (h, w)
    shared : ndarray of float32, shape (k, h * w)
        What the model finds in them; the largest is the phase.
    mixture : Mixture or None
        What found it; None: the components did.

    Returns
    -------
    tuple of (ndarray of float32, shape (k, h * w), Adaptation), or None
        Probabilities that sum to one; None where the shared map stays.
    """
    k, (height, width) = len(shared), grey.shape
    before, valid = largest(shared), valid_of(grey)
    rows = slice(None) if valid is None else np.flatnonzero(valid)
    directions = principal(draw(X[rows].T, DRAWN).T) if mixture is None else mixture.directions
    views = see(directions, X, calm(grey).ravel())
    drawn = draw(views[:, rows], DRAWN)
    if mixture is None:
        start, owners = draw(before[None, rows].astype(np.float32), DRAWN)[0].astype(np.intp), tuple(range(k))
    else:
        start, owners = mixture.appearance.shares(drawn).argmax(axis=0), mixture.owners
    step = step_of(grey.size)
    grid = np.ascontiguousarray(views.reshape(-1, height, width)[:, ::step, ::step])
    gradients, was = gradient(grid[:-1]), before.reshape(height, width)[::step, ::step]
    counted = None if valid is None else valid[::step, ::step]
    at_first = sharpness(was, gradients, counted)
    best, sharpest = None, CLEARLY * at_first
    for common in COMMON:
        appearance = settle(drawn, start, len(owners), common)
        labels = largest(join(appearance.shares(grid.reshape(len(grid), -1)), owners)).reshape(was.shape)
        found = sharpness(labels, gradients, counted)
        if found > sharpest and keeps_names(was, labels, k):
            best, sharpest = appearance, found
    if best is None:
        return None
    shares = join(best.shares(views), owners)
    return shares, Adaptation(at_first, sharpest, float(np.mean(largest(shares) != before)))


def keeps_names(before: NDArray[np.uint8], after: NDArray[np.uint8], n_phases: int) -> bool:
    """Return whether no two phases would keep more pixels of a map if they had each other's names.

    Parameters
    ----------
    before, after : ndarray of uint8, shape (h, w)
        Two maps of one image, labels 0 ... n_phases - 1.
    n_phases : int

    Examples
    --------
    >>> labels = np.array([[0, 0, 1, 1]], np.uint8)
    >>> keeps_names(labels, np.array([[0, 1, 1, 1]], np.uint8), 2), keeps_names(labels, 1 - labels, 2)
    (True, False)
    """
    pairs = before.ravel().astype(np.intp) * n_phases + after.ravel()
    counts = np.bincount(pairs, minlength=n_phases**2).reshape(n_phases, n_phases)
    kept = np.diagonal(counts)
    return bool(np.all(counts + counts.T <= kept[:, None] + kept))
