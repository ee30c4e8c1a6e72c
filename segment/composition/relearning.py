"""Phases learned anew in one image, so that they have the areas that are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segment.composition.evidence import log_scores
from segment.mixture.boundaries import gradient, sharpness, step_of
from segment.mixture.em import Areas, fit, label
from segment.mixture.leaders import leaders
from segment.mixture.normals import Normals, fit_normals
from segment.mixture.offsets import solve_offsets
from segment.mixture.pixels import BLUR, DRAWN, calm, sample_pixels

# Posterior entropy below this, in nats a pixel, is as good as none: clear images may differ in it by any factor.
DOUBT = 0.01
# Posterior entropy above these multiples of that of the unguided maps is too much, among more than two phases and among
# two.
BLURRED = 1.1
CUT = 2.0
# Boundaries between two phases may be less sharp than those of the map without fractions: by a little always, and the
# more, the farther that map is from the fractions. Logarithms of ratios; the second for a unit of the prior's penalty.
ALWAYS, LEEWAY = 0.05, 0.05
# A map that has less than this part of the known fraction of a phase misses it, and is no measure.
MISSED = 0.1
# The prior's penalty for a map of two phases that has their fractions to within two standard deviations.
MET = 4.0
# Two phases have one fraction to be met by, and any direction can be cut at it: what a cut of the grey levels shows is
# refined only where that leaves less than this part of the entropy.
CLEARLY = 0.6
# The grey levels are cut after a blur whose sigma is this part of the shorter side, if that is more than `calm` takes.
BLURS_PER_SIDE = 350
# Standard deviations between the mean grey levels of two phases, below which brightness does not tell them apart.
ALIKE = 1.0


@dataclass(frozen=True)
class Relearned:
    """Phases learned anew, and what those of the unguided labels say.

    Attributes
    ----------
    scores : ndarray of float32, shape (k, h, w)
        Log likelihood of every pixel under every phase, up to a constant.
    ambiguity : float
        Posterior entropy that is left, as a multiple of what the unguided labels leave: mean entropies, plus 0.01 nats
        each. Where others are shown than the abundances give, of the geometric mean of what both leave.
    sharpness : float or None
        How sharp the boundaries between two phases are, as a multiple of those of the map without fractions: mean
        gradients of the views. None for more phases, and where that map misses a phase.
    is_blurred : bool
        Whether that is too much, more than 1.1, of two phases more than 2; or too little sharpness of two.
    is_met : bool
        Whether the map without fractions has those of two phases already, to within two standard deviations, and
        boundaries that are sharper: there is nothing to be learned from them.
    evidence : ndarray of float32, shape (k, n)
        Log scores of some pixels under the phases as the unguided labels show them.
    """

    scores: NDArray[np.float32]
    ambiguity: float
    sharpness: float | None
    is_blurred: bool
    is_met: bool
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
    shown: NDArray[np.uint8] | None = None,
    leeway: float = LEEWAY,
    valid: NDArray[np.bool_] | None = None,
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
    shown : ndarray of uint8, shape (h, w), optional
        The map without fractions, where the abundances do not make it.
    leeway : float, default 0.05
        How much less sharp the boundaries of two phases may be, in natural logarithms, for each unit of the penalty of
        the prior for the map without fractions.
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all.

    Returns
    -------
    Relearned

    Notes
    -----
    The phases are learned twice, from the labels that the abundances give under the prior, and from a cut of the grey
    levels at the fractions, the phases in order of their brightness; the one of less posterior entropy counts.

    Two phases are described once, as the cut of the grey levels shows them, and learned from there only where that
    leaves less than 0.6 times the posterior entropy. The abundances give the labels to start from where their two
    phases are alike in brightness: where their mean grey levels lie less than a standard deviation apart.

    The boundaries of two phases may be less sharp than those of the map without fractions, f, by a factor of at most
    ``exp(0.05 + leeway sum_i (f_i - target_i)^2 / (2 sigma^2))``: fractions that this map has already must not
    blur it; if it has them to within 2 sigma, it stays.
    A map that has less than a tenth of the target of a phase is no measure of anything. Images of more than 2^18 pixels
    are looked at in every second row and column.

    Learned from 12,000 pixels, drawn with a fixed seed: the cost depends on the size of the image only where the scores
    of all its pixels are found.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> image = np.where(rng.random((40, 40)) < 0.2, 0.8, 0.3).astype(np.float32)
    >>> abundances = np.stack([1 - image, image])
    >>> right = relearn(abundances, np.log(abundances), image, image[None], np.array([0.8, 0.2]), 0.05)
    >>> wrong = relearn(abundances, np.log(abundances), image, image[None], np.array([0.3, 0.7]), 0.05)
    >>> right.ambiguity < 1.2, right.ambiguity < wrong.ambiguity
    (True, True)
    """
    k = len(target)
    rows = slice(None) if valid is None else np.flatnonzero(valid)
    seen = np.concatenate([views, calm(image)[None]]).reshape(len(views) + 1, -1)
    sampled = sample_pixels(seen[:, rows], DRAWN)
    grey = sample_pixels(calm(image, max(min(image.shape) / BLURS_PER_SIDE, BLUR)).reshape(1, -1)[:, rows], DRAWN)[0]
    evidence = sample_pixels(scores.reshape(k, -1)[:, rows], DRAWN)
    shares = sample_pixels(abundances.reshape(k, -1)[:, rows], DRAWN)
    offsets = solve_offsets(evidence, target, sigma).astype(np.float32)
    by_abundance = leaders(evidence + offsets[:, None])
    unguided = leaders(shares)
    by_grey = _cut(grey, unguided, shares, target)
    before, prior = fit_normals(sampled, unguided, k), Areas(target, sigma)
    if k == 2:
        start = by_abundance if _are_alike(grey, unguided) else by_grey
        (learned, entropy), limit = _describe_two(sampled, start, prior), CUT
    else:
        (learned, entropy), limit = _describe(sampled, [by_abundance, by_grey], prior), BLURRED
    unguided_doubt = before.entropy(sampled) + DOUBT
    labels = leaders(abundances) if shown is None else shown
    counted = labels.ravel()[rows]
    areas = np.bincount(counted, minlength=k) / counted.size
    is_measure = bool(np.all(areas >= MISSED * target))
    if shown is not None and is_measure:
        drawn = sample_pixels(counted[None].astype(np.float32), DRAWN)[0].astype(np.uint8)
        unguided_doubt = np.sqrt(unguided_doubt * (fit_normals(sampled, drawn, k).entropy(sampled) + DOUBT))
    ambiguity = float((entropy + DOUBT) / unguided_doubt)
    found = learned.scores(seen).reshape(scores.shape)
    relative, is_worn, misfit = None, False, float(np.sum((areas - target) ** 2)) / (2 * sigma**2)
    if k == 2 and is_measure:
        relative = _compare_boundaries(found, labels, views, prior, valid)
        is_worn = relative is not None and relative < float(np.exp(-ALWAYS - leeway * misfit))
    is_met = is_worn and misfit <= MET
    return Relearned(
        found,
        ambiguity,
        relative,
        not is_met and (ambiguity > limit or is_worn),
        is_met,
        log_scores(before.shares(sampled)[:, None], smoothing=0)[:, 0],
    )


def _compare_boundaries(
    scores: NDArray[np.float32],
    unguided: NDArray[np.uint8],
    views: NDArray[np.float32],
    prior: Areas,
    valid: NDArray[np.bool_] | None,
) -> float | None:
    """Return how sharp boundaries under the target are, as a multiple of those without; None where nothing is sharp."""
    part = (..., *[slice(None, None, step_of(unguided.size))] * 2)
    rows = slice(None) if valid is None else np.flatnonzero(valid)
    drawn = sample_pixels(scores.reshape(len(scores), -1)[:, rows], DRAWN)
    guided = leaders(scores[part] + prior.offsets(drawn)[:, None, None])
    gradients = gradient(np.ascontiguousarray(views[part]))
    counted = None if valid is None else valid[part]
    was = sharpness(unguided[part], gradients, counted)
    return sharpness(guided, gradients, counted) / was if was else None


def _describe(views: NDArray[np.float32], starts: Sequence[NDArray[np.integer]], prior: Areas) -> tuple[Normals, float]:
    """Learn phases with known areas from the start that leaves the least entropy; return that too."""
    found = [fit(views, start, len(prior.target), prior=prior) for start in starts]
    return min(((normals, normals.entropy(views)) for normals in found), key=lambda one: one[1])


def _describe_two(views: NDArray[np.float32], start: NDArray[np.integer], prior: Areas) -> tuple[Normals, float]:
    """Describe two phases as the start shows them, or learn them from there where that is clearly clearer."""
    found = fit_normals(views, start, 2)
    entropy = fit_normals(views, label(found, views, prior), 2).entropy(views)
    learned, left = _describe(views, [start], prior)
    return (learned, left) if left + DOUBT < CLEARLY * (entropy + DOUBT) else (found, entropy)


def _are_alike(grey: NDArray[np.float32], labels: NDArray[np.uint8]) -> bool:
    """Say whether brightness does not tell two phases apart; it may where one of them has no pixel."""
    parts = [grey[labels == phase] for phase in range(2)]
    if not all(part.size for part in parts):
        return False
    spread = np.sqrt(sum(part.size * part.var() for part in parts) / grey.size)
    return bool(abs(parts[0].mean() - parts[1].mean()) < ALIKE * spread)


def _cut(
    grey: NDArray[np.float32], labels: NDArray[np.uint8], shares: NDArray[np.float32], target: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Cut grey levels at the fractions, the phases in order of brightness: of their pixels, else of memberships."""
    k = len(target)
    weights = np.array([labels == phase for phase in range(k)], dtype=np.float64)
    is_empty = ~weights.any(axis=1)
    weights[is_empty] = shares[is_empty] + 1e-12
    order = np.argsort(weights @ grey / weights.sum(axis=1), kind="stable")
    cuts = np.quantile(grey, np.cumsum(target[order])[:-1])
    return order[np.searchsorted(cuts, grey, side="right")]
