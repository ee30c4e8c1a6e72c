"""Phases learned anew in one image, so that they have the areas that are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segment.composition.appearance import DRAWN, Appearance, describe, learn_appearance
from segment.composition.evidence import leaders, log_scores
from segment.composition.grey_levels import calm
from segment.composition.offsets import draw, solve_offsets

# Doubt below this, in nats a pixel, is as good as none: clear images may differ in it by any factor.
DOUBT = 0.01
# Doubt above these multiples of that of the unguided labels is too much.
BLURRED = 1.2
MOVED = 1.6
# Two phases have one fraction to be met by, and any direction can be cut at it: they are not learned anew for less.
CLEARLY = 0.7


@dataclass(frozen=True)
class Relearned:
    """Phases learned anew, and what those of the unguided labels say.

    Attributes
    ----------
    scores : ndarray of float32, shape (k, h, w)
        Log likelihood of every pixel under every phase, up to a constant.
    ambiguity : float
        Doubt that is left, as a multiple of what the unguided labels leave: mean entropies, plus 0.01 nats each.
    is_blurred : bool
        Whether that is too much: more than 1.2, or more than 1.6 where only the boundary between two phases has moved.
    evidence : ndarray of float32, shape (k, n)
        Log scores of some pixels under the phases as the unguided labels show them.
    """

    scores: NDArray[np.float32]
    ambiguity: float
    is_blurred: bool
    evidence: NDArray[np.float32]


# Sums over threads would end in other bits with each number of them.
@threadpool_limits.wrap(limits=1, user_api="blas")
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
    The phases are learned twice, from the labels that the abundances give under the prior, and from a cut of the grey
    levels at the fractions, the phases in order of their brightness; the one that leaves less doubt counts. Two phases
    are learned so only where that leaves less than 0.7 times the doubt of the unguided labels. Elsewhere their
    boundary moves: they are described once, by the labels that the abundances give under the prior.

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
    before = describe(sampled, unguided, k)

    def ambiguity(found: Appearance) -> float:
        return (found.doubt + DOUBT) / (before.doubt + DOUBT)

    learned, limit = learn_appearance(sampled, starts, target, sigma), BLURRED
    if k == 2 and ambiguity(learned) > CLEARLY:
        learned, limit = learn_appearance(sampled, [by_abundance], target, sigma, rounds=1), MOVED
    return Relearned(
        learned.scores(seen).reshape(scores.shape),
        ambiguity(learned),
        ambiguity(learned) > limit,
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
