"""Labels that respect what is known of the composition."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segment.composition.area_fractions import Fractions, area_fractions
from segment.composition.evidence import SMOOTHING, check_sizes, checked_names, gate_margin, log_scores
from segment.composition.exact_areas import meet_areas
from segment.composition.grey_levels import grey_likelihood, label_shares
from segment.composition.offset_field import solve_offset_field
from segment.composition.prior import SIGMA, CompositionWarning, Prior
from segment.composition.relearning import LEEWAY, Relearned, relearn
from segment.mixture.leaders import leaders
from segment.mixture.offsets import SCHEDULE, solve_offsets
from segment.mixture.pixels import calm, sample_pixels
from segment.records import Guidance

# Log scores that differ by less are those of one grey level.
SAME = 1e-4


def guide(
    abundances: NDArray[np.float32],
    fractions: Fractions,
    *,
    image: NDArray[np.float32] | None = None,
    views: NDArray[np.float32] | None = None,
    shown: NDArray[np.uint8] | None = None,
    names: Sequence[str] | None = None,
    densities: Mapping[str, float] | Sequence[float] | None = None,
    sigma: float = SIGMA,
    hard: bool = False,
    gate: float | str = "auto",
    strict: bool = False,
    smoothing: float = SMOOTHING,
    leeway: float = LEEWAY,
    valid: NDArray[np.bool_] | None = None,
    image_name: str | None = None,
) -> Guidance:
    """Label the pixels of one image so that the areas of the phases agree with known fractions.

    Parameters
    ----------
    abundances : ndarray of float32, shape (k, h, w)
        Fraction of every phase in every pixel, or any non-negative evidence.
    fractions : mapping of str to float or array, sequence of float, or ndarray
        By phase name or in phase order, one number or one map (h, w) each; see `area_fractions`. A phase whose
        fraction is zero is absent: it gets no pixel.
    image : ndarray of float32, shape (h, w), optional
        Grey levels in [0, 1]. With it a normal distribution of the grey level of each phase in this image is learned
        from the guided labels, and added to the evidence before the labels are guided once more; not where the
        fractions contradict the image.
    views : ndarray of float32, shape (d, h, w), optional
        What else is seen of every pixel, see `segment.mixture.pixels.principal_views`; needs `image`. With it,
        and `gate` "auto", and numbers for `fractions`, the phases are learned anew: what tells them apart is then what
        gives them these areas.
    shown : ndarray of uint8, shape (h, w), optional
        The map without fractions, where the abundances do not make it: phases that are learned anew are measured by it
        too, by the posterior entropy it leaves, and two phases by how sharp its boundaries are.
    names : sequence of str, optional
        Name of each phase; ``"phase 0"``, ... by default.
    densities : mapping or sequence, optional
        With it `fractions` are weight fractions.
    sigma : float, default 0.05
        Uncertainty of the fractions, one standard deviation as a fraction of the area.
    hard : bool, default False
        Meet the fractions to the pixel, whatever `sigma` and `gate`.
    gate : "auto" or float, default "auto"
        How sure of itself the image must be for a pixel to keep its label whatever the prior: the natural logarithm of
        how many times less often than at no margin the image contradicts itself there, see
        `segment.composition.evidence.gate_margin`; infinity: the prior may flip any pixel. "auto" is ``0.3 / sigma``,
        and 0.5 where the prior contradicts the image; there is none where phases are learned anew.
    strict : bool, default False
        Abstain where the prior contradicts the image, also if no phases are learned anew.
    smoothing : float, default 0.7
        Neighbourhood over which the evidence is averaged, a standard deviation in pixels.
    leeway : float, default 0.05
        How much less sharp than without the boundaries of two phases that are learned anew may be, in natural
        logarithms, for each unit of the prior's penalty for the map without fractions. 0 where a boundary is itself a
        phase, of any width.
    valid : ndarray of bool, shape (h, w), optional
        Pixels that the fractions are of; None: all. The others keep their labels, and count in nothing. Fractions that
        are maps are of all pixels.
    image_name : str, optional
        What a warning calls the image.

    Returns
    -------
    Guidance

    Raises
    ------
    ValueError
        If the fractions are not those of a mixture of these phases (see `area_fractions`), the abundances are
        not of shape (k, h, w), negative or not finite, `views` come without an image or in another size, or a number is
        out of its range.

    Warns
    -----
    CompositionWarning
        If the prior contradicts the image, or the image says nothing: the evidence is the same in all its pixels.

    Notes
    -----
    The labels minimise, over all labellings whose pixels of sure evidence are fixed,
    ``- mean_p log p(label_p) + sum_i (f_i - target_i)^2 / (2 sigma^2)``, see `solve_offsets`. The mean over pixels
    makes the image one observation, for neighbouring pixels are anything but independent: `sigma` then means the
    same at any size.

    With `views`, p is the likelihood of a pixel's views and smoothed grey level under one normal distribution a phase,
    see `segment.composition.relearning.relearn`. The fractions contradict the image where that leaves too much
    posterior entropy, or draws boundaries of two phases that are too blurred, for a wrong fraction draws a boundary
    through the midst of a phase; or where other names would override far less. The labels are then unguided; `hard`
    meets the fractions all the same, from the abundances. Where the map without fractions has those of two phases
    already, to within 2 `sigma`, and sharper boundaries, it stays, and nothing is contradicted.

    Examples
    --------
    >>> ramp = np.tile(np.linspace(0.02, 0.98, 100, dtype=np.float32), (50, 1))
    >>> done = guide(np.stack([1 - ramp, ramp]), {"ferrite": 0.7, "pearlite": 0.3}, names=["ferrite", "pearlite"])
    >>> done.before.round(2).tolist(), done.after.round(1).tolist()
    ([0.5, 0.5], [0.7, 0.3])
    """
    names = checked_names(names, abundances)
    target = area_fractions(fractions, names, shape=abundances.shape[1:], densities=densities)
    if views is not None and (image is None or views.shape[1:] != image.shape):
        expected = "the image too" if image is None else f"the image's size, {image.shape}"
        raise ValueError(f"views need {expected}, got views of shape {views.shape}")
    images = None if image is None else [image]
    prior = Prior(sigma, hard, gate, strict)
    if valid is not None and (target.ndim > 1 or valid.all()):
        valid = None
    return _guided([abundances], images, names, target, prior, smoothing, views, shown, leeway, valid, image_name)[0]


def guide_batch(
    batch: Sequence[NDArray[np.float32]],
    fractions: Fractions,
    *,
    images: Sequence[NDArray[np.float32]] | None = None,
    names: Sequence[str] | None = None,
    densities: Mapping[str, float] | Sequence[float] | None = None,
    sigma: float = SIGMA,
    hard: bool = False,
    gate: float | str = "auto",
    strict: bool = False,
    smoothing: float = SMOOTHING,
) -> tuple[Guidance, ...]:
    """Label images of one material so that the fractions hold for all of them together, not for each.

    Only boundaries move: phases are not learned anew as in `guide`, for one description of all images fails where their
    brightness differs. Where every image has about the same fractions, more is gained by `guide` for each, with views.

    Parameters
    ----------
    batch : sequence of ndarray of float32, shape (k, h, w)
        Abundances of each image; sizes may differ.
    images : sequence of ndarray of float32, shape (h, w), optional
        Grey levels of each image.
    fractions, names, densities, sigma, hard, gate, strict, smoothing
        As for `guide`, but numbers only, no maps. Conflict is judged for the batch.

    Returns
    -------
    tuple of Guidance
        One an image; they share offsets, gate and conflict.

    Raises
    ------
    ValueError
        As `guide`; also if the batch is empty or the images have different numbers of phases.

    Warns
    -----
    CompositionWarning
        As `guide`.

    Examples
    --------
    >>> bright, dark = np.full((2, 20, 20), 0.5, np.float32), np.full((2, 20, 20), 0.5, np.float32)
    >>> bright[1], dark[1] = 0.8, 0.2
    >>> [done.after.tolist() for done in guide_batch([bright, dark], [0.5, 0.5])]
    [[0.0, 1.0], [1.0, 0.0]]
    """
    names = checked_names(names, *batch)
    target = area_fractions(fractions, names, densities=densities)
    return _guided(batch, images, names, target, Prior(sigma, hard, gate, strict), smoothing)


def compare(guidance: Guidance, unguided: NDArray[np.uint8], valid: NDArray[np.bool_] | None = None) -> Guidance:
    """Say what guidance changed of a map that its own evidence did not make.

    Parameters
    ----------
    guidance : Guidance
    unguided : ndarray of uint8, shape (h, w)
        Labels without the fractions.
    valid : ndarray of bool, shape (h, w), optional
        Pixels that count; None: all.

    Returns
    -------
    Guidance
        With these areas before, and the number of pixels whose label differs; where the fractions were not followed,
        with these labels.

    Examples
    --------
    >>> ramp = np.tile(np.linspace(0.02, 0.98, 100, dtype=np.float32), (50, 1))
    >>> done = compare(guide(np.stack([1 - ramp, ramp]), [0.7, 0.3]), (ramp > 0.9).astype(np.uint8))
    >>> done.before.round(1).tolist(), done.after.round(1).tolist()
    ([0.9, 0.1], [0.7, 0.3])
    """
    k = len(guidance.names)
    counted = unguided.ravel() if valid is None else unguided[valid]
    before = np.bincount(counted, minlength=k) / counted.size
    if not guidance.is_guided:
        return replace(guidance, labels=unguided, before=before, after=before, flipped=0)
    is_flipped = guidance.labels != unguided
    return replace(
        guidance, before=before, flipped=int(np.count_nonzero(is_flipped if valid is None else is_flipped[valid]))
    )


def _guided(
    batch: Sequence[NDArray[np.float32]],
    images: Sequence[NDArray[np.float32]] | None,
    names: tuple[str, ...],
    target: NDArray[np.float64],
    prior: Prior,
    smoothing: float,
    views: NDArray[np.float32] | None = None,
    shown: NDArray[np.uint8] | None = None,
    leeway: float = LEEWAY,
    valid: NDArray[np.bool_] | None = None,
    image_name: str | None = None,
) -> tuple[Guidance, ...]:
    check_sizes(images, batch)
    every_score = [log_scores(abundances, smoothing) for abundances in batch]
    whole = [leaders(abundances) for abundances in batch]
    scores, unguided = ([_kept(one, valid) for one in every] for every in (every_score, whole))
    overall = target if target.ndim == 1 else target.mean(axis=(1, 2))
    says_nothing = not _tells_phases_apart(scores)
    present = np.flatnonzero(overall > 0)
    learned = None
    if images is not None and views is not None and prior.learns(target) and not says_nothing:
        # A map that shows an absent phase is no measure of the others.
        other = shown if len(present) == len(names) else None
        shares, evidence = batch[0][present], every_score[0][present]
        learned = relearn(shares, evidence, images[0], views, target[present], prior.sigma, other, leeway, valid)
        conflict, misnaming = prior.conflict(learned.evidence, target[present])
    else:
        conflict, misnaming = prior.conflict(_pooled(scores), overall)
    is_blurred = None if learned is None else learned.is_blurred
    contradicts = prior.contradicts(conflict, misnaming, is_blurred)
    is_met = learned is not None and learned.is_met and not prior.hard
    is_guided = not says_nothing and not is_met and not (contradicts and prior.abstains(is_blurred))
    _warn(image_name, names, says_nothing, contradicts, is_guided, conflict, misnaming, learned)
    gate, offsets, labels = np.inf, np.zeros(len(names)), unguided
    if is_guided:
        scores = [image[present] for image in scores]
        is_learned = learned is not None and not contradicts
        if learned is not None and is_learned:
            scores = [_kept(learned.scores, valid)]
        confidence = np.inf if is_learned else prior.confidence(contradicts)
        gate, shifts, labels = _solve(scores, target[present], present, prior, confidence)
        if images is not None and not contradicts and not is_learned:
            for image, seen, found in zip(images, scores, labels, strict=True):
                grey = _kept(calm(image), valid)
                seen += grey_likelihood(grey, grey.ravel(), label_shares(found, present))
            gate, shifts, labels = _solve(scores, target[present], present, prior, confidence)
        offsets = np.full(len(names), -np.inf)
        offsets[present] = np.mean([shift.mean(axis=(1, 2)) for shift in shifts], axis=0)
    return tuple(
        Guidance(
            labels=after if valid is None else _replaced(whole[0], after, valid),
            names=names,
            target=overall,
            before=_areas(before, len(names)),
            after=_areas(after, len(names)),
            flipped=int(np.count_nonzero(before != after)),
            offsets=offsets,
            gate=gate,
            conflict=conflict,
            misnaming=misnaming,
            contradicts_image=contradicts,
            is_guided=is_guided,
            ambiguity=None if learned is None else learned.ambiguity,
            sharpness=None if learned is None else learned.sharpness,
        )
        for before, after in zip(unguided, labels, strict=True)
    )


def _tells_phases_apart(batch: Sequence[NDArray[np.float32]]) -> bool:
    """Say whether the evidence for one phase against another differs anywhere by more than rounding."""
    for phase in range(1, batch[0].shape[0]):
        contrasts = [scores[phase] - scores[0] for scores in batch]
        if max(float(item.max()) for item in contrasts) - min(float(item.min()) for item in contrasts) > SAME:
            return True
    return False


def _solve(
    scores: Sequence[NDArray[np.float32]],
    target: NDArray[np.float64],
    present: NDArray[np.intp],
    prior: Prior,
    confidence: float,
) -> tuple[float, list[NDArray[np.float32]], list[NDArray[np.uint8]]]:
    """Return the gate, what to add to each image's scores, shape (k, 1, 1) or (k, h, w) for a map, and the labels."""
    sigma = 0.0 if prior.hard else prior.sigma
    gate = _gate(scores, confidence)
    if target.ndim == 3:
        shifts = [solve_offset_field(scores[0], target, sigma, gate)]
    else:
        offsets = solve_offsets(_pooled(scores), target, sigma, gate).astype(np.float32)
        shifts = [offsets[:, None, None]] * len(scores)
    raised = [image + shift for image, shift in zip(scores, shifts, strict=True)]
    labels = [present.astype(np.uint8)[leaders(image)] for image in raised]
    if prior.hard:
        overall = target if target.ndim == 1 else target.mean(axis=(1, 2))
        labels = meet_areas(raised, labels, overall, present)
    return gate, shifts, labels


def _gate(scores: Sequence[NDArray[np.float32]], confidence: float) -> float:
    """Return the margin above which labels are kept: of several images the mean of theirs."""
    if np.isinf(confidence) or scores[0].shape[0] == 1:
        return np.inf
    return float(np.mean([gate_margin(image, leaders(image), confidence) for image in scores]))


def _kept(planes: NDArray, valid: NDArray[np.bool_] | None) -> NDArray:
    """Return the pixels that count, in one row; (..., h, w) becomes (..., 1, n), and stays as it is where all do."""
    return planes if valid is None else np.ascontiguousarray(planes[..., valid][..., None, :])


def _replaced(labels: NDArray[np.uint8], kept: NDArray[np.uint8], valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return labels with those of the pixels that count in their places."""
    replaced = labels.copy()
    replaced[valid] = kept.ravel()
    return replaced


def _pooled(scores: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Draw pixels of all images, each in proportion to its size, in random order; shape (k, n)."""
    total, wanted = sum(image[0].size for image in scores), SCHEDULE[-1][1]
    drawn = [
        sample_pixels(image.reshape(image.shape[0], -1), max(1, round(wanted * image[0].size / total)))
        for image in scores
    ]
    return drawn[0] if len(drawn) == 1 else sample_pixels(np.concatenate(drawn, axis=1), total)


def _areas(labels: NDArray[np.uint8], n_phases: int) -> NDArray[np.float64]:
    return np.bincount(labels.ravel(), minlength=n_phases) / labels.size


def _warn(
    image_name: str | None,
    names: tuple[str, ...],
    says_nothing: bool,
    contradicts: bool,
    is_guided: bool,
    conflict: float,
    misnaming: float,
    learned: Relearned | None,
) -> None:
    if says_nothing:
        message = "the phases have no contrast in this image: every pixel has the same evidence; labels are unguided"
    elif contradicts:
        what = f"override {100 * conflict:.0f} % of the image's evidence"
        if learned is not None and learned.is_blurred:
            blurred = "" if learned.sharpness is None else f"draw boundaries {learned.sharpness:.2f} times as sharp, "
            unsure = f"leave {learned.ambiguity:.1f} times as much of the image uncertain as it has without"
            what = f"{unsure}, {blurred}and {what}"
        other = f"; with the names in another order it would be {100 * (conflict - misnaming):.0f} %"
        message = f"the fractions given for {', '.join(names)} {what}{other if misnaming > 0 else ''}"
        message += "" if is_guided else "; labels are unguided"
    else:
        return
    whose = "" if image_name is None else f"{image_name}: "
    warnings.warn(whose + message, CompositionWarning, stacklevel=4)
