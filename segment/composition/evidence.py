"""What the image itself says of every pixel, and how far its margins are to be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.mixture.leaders import margins

# A fraction below this is noise of the factorization, not evidence.
FLOOR = 1e-4
SMOOTHING = 0.7
NEIGHBOURHOOD = 5
BINS = 24
STRIDE = 3


def checked_names(names: Sequence[str] | None, *batch: NDArray[np.float32]) -> tuple[str, ...]:
    """Refuse abundances that are not of shape (k, h, w), finite and non-negative, and return a name for each phase."""
    if not batch:
        raise ValueError("batch is empty: at least one image is needed")
    for abundances in batch:
        if abundances.ndim != 3 or not abundances.size or abundances.shape[0] != batch[0].shape[0]:
            shapes = ", ".join(str(image.shape) for image in batch)
            raise ValueError(f"abundances must have the shape (k, h, w), with one k for a batch, got {shapes}")
        # A minimum is NaN if anything is.
        if not (abundances.min() >= 0 and np.isfinite(abundances.max())):
            raise ValueError("abundances must be finite and not negative")
    n_phases = batch[0].shape[0]
    if names is None:
        return tuple(f"phase {phase}" for phase in range(n_phases))
    if len(names) != n_phases:
        raise ValueError(f"names: {len(names)} given for {n_phases} phases")
    return tuple(names)


def check_sizes(images: Sequence[NDArray[np.float32]] | None, batch: Sequence[NDArray[np.float32]]) -> None:
    """Refuse images that have not the sizes of their abundances."""
    sizes, expected = [image.shape for image in images or ()], [abundances.shape[1:] for abundances in batch]
    if images is not None and sizes != expected:
        raise ValueError(f"images must have the sizes of their abundances, {expected}, got {sizes}")


def log_scores(abundances: NDArray[np.float32], smoothing: float = SMOOTHING) -> NDArray[np.float32]:
    """Turn abundances into scores: logarithms, averaged over a small neighbourhood.

    Parameters
    ----------
    abundances : ndarray of float32, shape (k, h, w)
        Non-negative; they need not sum to one.
    smoothing : float, default 0.7
        Standard deviation of the Gaussian neighbourhood in pixels; 0 takes each pixel by itself.

    Returns
    -------
    ndarray of float32, shape (k, h, w)
        ``G * log(abundances + 1e-4)``: offsets then move boundaries rather than single pixels.

    Examples
    --------
    >>> log_scores(np.ones((2, 8, 8), np.float32)).shape
    (2, 8, 8)
    """
    scores = np.empty(abundances.shape, dtype=np.float32)
    np.add(abundances, np.float32(FLOOR), out=scores)
    np.log(scores, out=scores)
    if smoothing > 0:
        for plane in scores:
            cv2.GaussianBlur(plane, (0, 0), smoothing, dst=plane, borderType=cv2.BORDER_REFLECT)
    return scores


def gate_margin(scores: NDArray[np.float32], labels: NDArray[np.uint8], confidence: float) -> float:
    """Find the margin from which the image contradicts itself ``exp(confidence)`` times less often than at none.

    How far a margin can be trusted is read off the image: the rate e(m) at which pixels of margin m have another label
    than the pixels of the 5 x 5 window around them, taken over bins of equally many pixels and made to fall with m.
    The answer is the smallest m with ``log(e(0) / e(m)) >= confidence``.

    Parameters
    ----------
    scores : ndarray of float32, shape (k, h, w)
    labels : ndarray of uint8, shape (h, w)
        Their argmax.
    confidence : float
        Natural logarithm of the ratio of rates.

    Returns
    -------
    float
        In units of `scores`; extrapolated in proportion where no bin is that reliable, infinite where all margins
        or all labels are alike.

    Examples
    --------
    >>> ramp = np.tile(np.linspace(-1, 1, 64, dtype=np.float32), (64, 1))
    >>> scores = np.stack([ramp, -ramp])
    >>> 0 < gate_margin(scores, (ramp < 0).astype(np.uint8), 1.0) < 1
    True
    """
    sampled = margins(np.ascontiguousarray(scores[:, ::STRIDE, ::STRIDE])).ravel()
    disagreement = _disagreement(labels, scores.shape[0])[::STRIDE, ::STRIDE].ravel()
    edges = np.unique(np.quantile(sampled, np.linspace(0, 1, BINS + 1)))
    if len(edges) < 3:
        return np.inf
    bins = np.clip(np.searchsorted(edges, sampled, side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(bins, minlength=len(edges) - 1)
    is_used = counts > 0
    rates = np.bincount(bins, weights=disagreement, minlength=len(counts))[is_used] / counts[is_used]
    middles = np.bincount(bins, weights=sampled, minlength=len(counts))[is_used] / counts[is_used]
    if rates[0] <= 0:
        return np.inf
    # A rate of nothing at all still stands for less than one of the pixels counted.
    rates = np.minimum.accumulate(np.maximum(rates, 1 / counts.max()))
    trust = np.log(rates[0] / rates)
    if trust[-1] <= 0:
        return np.inf
    if trust[-1] < confidence:
        return float(middles[-1] * confidence / trust[-1])
    return float(np.interp(confidence, trust, middles))


def _disagreement(labels: NDArray[np.uint8], n_phases: int) -> NDArray[np.float32]:
    """Return the fraction of each pixel's neighbours that have another label than itself; shape (h, w)."""
    area = NEIGHBOURHOOD**2
    differing = np.zeros(labels.shape, dtype=np.float32)
    for phase in range(n_phases):
        is_phase = labels == phase
        share = cv2.blur(is_phase.astype(np.float32), (NEIGHBOURHOOD, NEIGHBOURHOOD), borderType=cv2.BORDER_REFLECT)
        np.copyto(differing, (1 - share) * np.float32(area / (area - 1)), where=is_phase)
    return differing
