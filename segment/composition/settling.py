"""Fractions for those who know none: estimated from the batch itself, used, and estimated again."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segment.composition.conflict import overridden_evidence
from segment.composition.evidence import SMOOTHING, check_sizes, checked_names, log_scores
from segment.composition.grey_levels import grey_likelihood, label_shares
from segment.composition.prior import SIGMA, CompositionWarning
from segment.composition.relearning import relearn
from segment.mixture.leaders import leaders
from segment.mixture.offsets import solve_offsets
from segment.mixture.pixels import calm
from segment.records import Guidance

ROUNDS = 30
TOLERANCE = 1e-3
SAMPLES = 16384
# Half of each estimate is kept, half replaced: by the batch's mean, and by equal shares, for a phase must not die out.
OWN, BATCH, EQUAL = 0.5, 0.25, 0.25
# The least fraction with which a phase is learned anew, and the posterior entropy it may leave, as a multiple of the
# unguided.
SMALLEST, CLEARER = 0.003, 0.9


def settle(
    batch: Sequence[NDArray[np.float32]],
    images: Sequence[NDArray[np.float32]],
    *,
    views: Sequence[NDArray[np.float32]] | None = None,
    shown: Sequence[NDArray[np.uint8]] | None = None,
    names: Sequence[str] | None = None,
    smoothing: float = SMOOTHING,
    valid: Sequence[NDArray[np.bool_] | None] | None = None,
) -> tuple[Guidance, ...]:
    """Guide a batch of one material by fractions that it gives itself.

    A pixel of phase i is taken to have the evidence that its abundances give, and a grey level that is normally
    distributed around the mean of its phase in its image. From the unguided labels, each round estimates the mean
    and spread of the grey level of every phase and its fraction, shrinks the fractions by half, towards the mean of
    the batch and equal shares, and weighs every pixel anew: expectation maximisation [1]_ with shrinkage.

    Parameters
    ----------
    batch : sequence of ndarray of float32, shape (k, h, w)
        Abundances of each image.
    images : sequence of ndarray of float32, shape (h, w)
        Grey levels of the same images.
    views : sequence of ndarray of float32, shape (d, h, w), optional
        What else is seen of every pixel, see `segment.mixture.pixels.principal_views`. With it the phases of
        each image are learned anew with the fractions that it settled on, as in `guide`, and the image stays unguided
        where they leave more than 0.9 times the posterior entropy of the unguided labels, or boundaries of two phases
        are blurred: an estimate must be worth following.
    shown : sequence of ndarray of uint8, shape (h, w), optional
        The maps without fractions, where the abundances do not make them; see `guide`.
    names : sequence of str, optional
        Name of each phase; ``"phase 0"``, ... by default.
    smoothing : float, default 0.7
        Neighbourhood over which the evidence is averaged, a standard deviation in pixels.
    valid : sequence of ndarray of bool, shape (h, w), or None, optional
        Pixels of each image that the fractions are of; None: all. The others count in nothing.

    Returns
    -------
    tuple of Guidance
        One an image; `Guidance.target` are the fractions that it was guided by.

    Raises
    ------
    ValueError
        If the batch is empty, the images have different numbers of phases or not the size of their abundances, or
        these are negative or not finite.

    Warns
    -----
    CompositionWarning
        If a fraction still changes by more than 0.001 after 30 rounds.

    Notes
    -----
    Estimates come from at most 16384 pixels of each image, drawn with a fixed seed. What the image does not show
    cannot be estimated from it: where fractions are known, `guide` gains several times as much.

    References
    ----------
    .. [1] A. P. Dempster, N. M. Laird, D. B. Rubin, "Maximum likelihood from incomplete data via the EM algorithm",
       doi 10.1111/j.2517-6161.1977.tb01600.x.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> image = np.where(rng.random((64, 64)) < 0.2, 0.8, 0.3) + rng.normal(scale=0.02, size=(64, 64))
    >>> abundances = np.stack([1 - image, image]) + 0.1 * rng.random((2, 64, 64))
    >>> done = settle([abundances.astype(np.float32)], [image.astype(np.float32)], smoothing=0)[0]
    >>> done.names, round(float(done.after.sum()), 6)
    (('phase 0', 'phase 1'), 1.0)
    """
    names = checked_names(names, *batch)
    check_sizes(images, batch)
    unguided = [leaders(abundances) for abundances in batch]
    scores = [log_scores(abundances, smoothing) for abundances in batch]
    greys = [calm(image) for image in images]
    counted = [None] * len(batch) if valid is None else list(valid)
    drawn = [_Drawn.of(*layers) for layers in zip(scores, greys, unguided, counted, strict=True)]
    k = len(batch[0])
    fractions, rounds, is_settled = np.full((len(batch), k), 1 / k), 0, False
    while not is_settled and rounds < ROUNDS:
        own = np.array([item.fractions() for item in drawn])
        shrunk = OWN * own + BATCH * own.mean(axis=0) + EQUAL / k
        drawn = [item.weighed(row) for item, row in zip(drawn, shrunk, strict=True)]
        is_settled = bool(np.abs(shrunk - fractions).max() <= TOLERANCE)
        fractions, rounds = shrunk, rounds + 1
    labels = [
        leaders(image_scores + item.likelihood(grey) + _log(row)[:, None, None])
        for image_scores, grey, item, row in zip(scores, greys, drawn, fractions, strict=True)
    ]
    if not is_settled:
        message = f"the fractions of the batch did not settle in {ROUNDS} rounds; the last ones are used"
        warnings.warn(message, CompositionWarning, stacklevel=2)
    every = zip(drawn, fractions, unguided, labels, counted, strict=True)
    found = tuple(_described(names, *parts) for parts in every)
    if views is None or k == 1:
        return found
    others = [None] * len(batch) if shown is None else shown
    each = zip(found, unguided, batch, scores, images, views, others, counted, strict=True)
    return tuple(_relearned(*parts) for parts in each)


def _relearned(
    found: Guidance,
    unguided: NDArray[np.uint8],
    abundances: NDArray[np.float32],
    scores: NDArray[np.float32],
    image: NDArray[np.float32],
    views: NDArray[np.float32],
    shown: NDArray[np.uint8] | None,
    valid: NDArray[np.bool_] | None,
) -> Guidance:
    """Learn the phases with the areas that were found; return unguided labels where that is no clearer."""
    target = np.maximum(found.after, SMALLEST)
    target /= target.sum()
    learned = relearn(abundances, scores, image, views, target, SIGMA, shown, valid=valid)
    is_guided = learned.ambiguity <= CLEARER and not (learned.is_blurred or learned.is_met)
    offsets, labels = np.zeros(len(target)), unguided
    if is_guided:
        offsets = solve_offsets(learned.scores if valid is None else learned.scores[:, valid], target, SIGMA)
        labels = leaders(learned.scores + offsets.astype(np.float32)[:, None, None])
    return replace(
        found,
        labels=labels,
        target=target,
        after=_areas(labels, len(target), valid),
        flipped=_count(unguided != labels, valid),
        offsets=offsets,
        is_guided=is_guided,
        ambiguity=learned.ambiguity,
        sharpness=learned.sharpness,
    )


def _described(
    names: tuple[str, ...],
    drawn: _Drawn,
    fractions: NDArray[np.float64],
    unguided: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    valid: NDArray[np.bool_] | None,
) -> Guidance:
    conflict, best = overridden_evidence(drawn.scores, fractions, SIGMA)
    return Guidance(
        labels=labels,
        names=names,
        target=fractions,
        before=_areas(unguided, len(names), valid),
        after=_areas(labels, len(names), valid),
        flipped=_count(unguided != labels, valid),
        offsets=np.log(fractions),
        gate=np.inf,
        conflict=conflict,
        misnaming=conflict - best,
        contradicts_image=False,
        is_guided=True,
    )


@dataclass(frozen=True)
class _Drawn:
    """Some pixels of an image: evidence (k, n), grey level (n,), and the fraction of every phase in them (k, n)."""

    scores: NDArray[np.float32]
    grey: NDArray[np.float32]
    shares: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        scores: NDArray[np.float32],
        grey: NDArray[np.float32],
        labels: NDArray[np.uint8],
        valid: NDArray[np.bool_] | None,
    ) -> _Drawn:
        counted = np.arange(grey.size) if valid is None else np.flatnonzero(valid)
        pixels = counted[np.random.default_rng(0).permutation(counted.size)[:SAMPLES]]
        shares = label_shares(labels.ravel()[pixels], range(len(scores)))
        return cls(scores.reshape(len(scores), -1)[:, pixels], grey.ravel()[pixels], shares)

    def fractions(self) -> NDArray[np.float64]:
        return self.shares.mean(axis=1, dtype=np.float64)

    def likelihood(self, grey: NDArray[np.float32]) -> NDArray[np.float32]:
        return grey_likelihood(grey, self.grey, self.shares)

    def weighed(self, fractions: NDArray[np.float64]) -> _Drawn:
        raised = self.scores + self.likelihood(self.grey) + _log(fractions)[:, None]
        shares = np.exp(raised - raised.max(axis=0))
        return _Drawn(self.scores, self.grey, shares / shares.sum(axis=0))


def _areas(labels: NDArray[np.uint8], n_phases: int, valid: NDArray[np.bool_] | None) -> NDArray[np.float64]:
    counted = labels.ravel() if valid is None else labels[valid]
    return np.bincount(counted, minlength=n_phases) / counted.size


def _count(changed: NDArray[np.bool_], valid: NDArray[np.bool_] | None) -> int:
    return int(np.count_nonzero(changed if valid is None else changed[valid]))


def _log(fractions: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.log(fractions).astype(np.float32)
