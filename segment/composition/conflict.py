"""How much a prior contradicts the image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from segment.mixture.offsets import solve_offsets
from segment.mixture.pixels import sample_pixels

SAMPLES = 1024
TEMPERATURES = (0.3, 0.1)
EVERY_NAMING_UP_TO = 3


def overridden_evidence(scores: NDArray[np.float32], target: NDArray[np.float64], sigma: float) -> tuple[float, float]:
    """Measure what the image loses when the fractions are met, and what it would lose under another naming.

    Parameters
    ----------
    scores : ndarray of float32, shape (k, ...)
        Logarithms of the evidence.
    target : ndarray of float64, shape (k,)
        Area fractions in the order of `scores`, summing to one.
    sigma : float
        Their uncertainty.

    Returns
    -------
    given : float
        Mean score given up by the labels that meet `target`, divided by the mean margin between the two best
        scores: 0 where the image already has these fractions, about 1 where all it says is overruled.
    best : float
        The same for the naming of the phases under which `target` costs least, never above `given`: all namings for
        up to three phases, else those that differ from the given one by one exchange or by reversal.

    Notes
    -----
    Both come from 1024 pixels drawn with a fixed seed: enough to tell a tenth, at a cost that does not depend on the
    size of the image.
    """
    sampled = sample_pixels(scores.reshape(scores.shape[0], -1), SAMPLES)
    ordered = np.sort(sampled, axis=0)
    available = float(np.mean(ordered[-1] - ordered[-2])) if len(ordered) > 1 else 0.0
    if available <= 0:
        return 0.0, 0.0
    given = _cost(sampled, target, sigma) / available
    best = min((_cost(sampled, target[order], sigma) / available for order in _namings(len(target))), default=given)
    return given, min(given, best)


def _cost(scores: NDArray[np.float32], target: NDArray[np.float64], sigma: float) -> float:
    schedule = tuple((temperature, SAMPLES) for temperature in TEMPERATURES)
    raised = scores + solve_offsets(scores, target, sigma, schedule=schedule)[:, None]
    labels = np.argmax(raised, axis=0)
    return float(np.mean(scores.max(axis=0) - np.take_along_axis(scores, labels[None], axis=0)[0]))


def _namings(n_phases: int) -> Iterator[list[int]]:
    """Yield orders other than the given one."""
    identity = list(range(n_phases))
    if n_phases <= EVERY_NAMING_UP_TO:
        from itertools import permutations

        yield from (list(order) for order in permutations(identity) if list(order) != identity)
        return
    yield identity[::-1]
    for first in range(n_phases):
        for second in range(first):
            order = identity.copy()
            order[first], order[second] = second, first
            yield order
