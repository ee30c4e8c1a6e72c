"""Phases learned anew in one image, so that they have the areas that are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segment.composition.appearance import DRAWN, describe, learn_appearance
from segment.composition.evidence import leaders, log_scores
from segment.composition.grey_levels import calm
from segment.composition.offsets import draw, solve_offsets

# Doubt below this, in nats a pixel, is as good as none: clear images may differ in it by any factor.
DOUBT = 0.01


@dataclass(frozen=True)
class Relearned:
    """Phases learned anew, and what those of the unguided labels say.

    Attributes
    ----------
    scores : ndarray of float32, shape (k, h, w)
        Log likelihood of every pixel under every phase, up to a constant.
    ambiguity : float
        Doubt that is left, as a multiple of what the unguided labels leave: mean entropies, plus 0.01 nats each.
    evidence : ndarray of float32, shape (k, n)
        Log scores of some pixels under the phases as the unguided labels show them.
    """

    scores: NDArray[np.float32]
    ambiguity: float
    evidence: NDArray[np.float32]


def relearn(
    abundances: NDArray[np.float32],
    scores: NDArray[np.float32],
    image: NDArray[np.float32],
    views: NDArray[np.float32],
    target: NDArray[np.float64],
    sigma: float,
) -> Relearned:
    """Learn what the phases look like if they have these areas.

    Parameters
    ----------
    abundances : ndarray of float32, shape (k, h, w)
        What the image was unmixed into; it says which phase is which.
    scores : ndarray of float32, shape (k, h, w)
        Their logarithms, see `log_scores`.
    image : ndarray of float32, shape (h, w)
        Grey levels.
    views : ndarray of float32, shape (d, h, w)
        What else is seen of every pixel.
    target : ndarray of float64, shape (k,)
        Area fractions, all above zero, summing to one.
    sigma : float
        Their uncertainty.

    Returns
    -------
    Relearned

    Notes
    -----
    Learned from 12,000 pixels, drawn with a fixed seed: the cost depends on the size of the image only where the scores
    of all its pixels are found.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> image = np.where(rng.random((40, 40)) < 0.2, 0.8, 0.3).astype(np.float32)
    >>> abundances = np.stack([1 - image, image])
    >>> right = relearn(abundances, np.log(abundances), image, image[None], np.array([0.8, 0.2]), 0.05)
    >>> wrong = relearn(abundances, np.log(abundances), image, image[None], np.array([0.3, 0.7]), 0.05)
    >>> right.ambiguity < 1.1, right.ambiguity < wrong.ambiguity
    (True, True)
    """
    k = len(target)
    seen = np.concatenate([views, calm(image)[None]]).reshape(len(views) + 1, -1)
    sampled = draw(seen, DRAWN)
    evidence = draw(scores.reshape(k, -1), DRAWN)
    shares = draw(abundances.reshape(k, -1), DRAWN)
    offsets = solve_offsets(evidence, target, sigma).astype(np.float32)
    by_abundance = leaders(evidence + offsets[:, None])
    unguided = leaders(shares)
    starts = [by_abundance, _cut(sampled[-1], unguided, shares, target)]
    learned = learn_appearance(sampled, starts, target, sigma)
    before = describe(sampled, unguided, k)
    return Relearned(
        learned.scores(seen).reshape(scores.shape),
        (learned.doubt + DOUBT) / (before.doubt + DOUBT),
        log_scores(before.shares(sampled)[:, None], smoothing=0)[:, 0],
    )


def _cut(
    grey: NDArray[np.float32], labels: NDArray[np.uint8], shares: NDArray[np.float32], target: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Cut grey levels at the fractions, the phases in order of brightness: of their pixels, else of their shares."""
    k = len(target)
    weights = np.array([labels == phase for phase in range(k)], dtype=np.float64)
    is_empty = ~weights.any(axis=1)
    weights[is_empty] = shares[is_empty] + 1e-12
    order = np.argsort(weights @ grey / weights.sum(axis=1), kind="stable")
    cuts = np.quantile(grey, np.cumsum(target[order])[:-1])
    return order[np.searchsorted(cuts, grey, side="right")]
