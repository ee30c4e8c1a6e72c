"""One offset per phase, added to the scores, so that the areas of the winners meet the target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segment.mixture.leaders import leaders, margins
from segment.mixture.pixels import sample_pixels

# (temperature in mean margins, pixels): from a smooth problem, solved from anywhere, to the labels themselves at 0.
SCHEDULE = ((1.0, 2048), (0.3, 2048), (0.1, 4096), (0.03, 16384), (0.0, 65536))
NEWTON_STEPS = 30
SHARP_STEPS = 8
# Far below what the sample resolves.
GRADIENT_TOLERANCE = 3e-4
ARMIJO = 1e-4
SMALLEST_STEP = 1e-6


def solve_offsets(
    scores: NDArray[np.floating],
    target: NDArray[np.float64],
    sigma: float = 0.0,
    limit: float = np.inf,
    schedule: tuple[tuple[float, int], ...] = SCHEDULE,
) -> NDArray[np.float64]:
    """Find the offsets b for which the labels ``argmax_i scores_i + b_i`` are the best ones under the prior.

    Over all labellings, the labels minimise

    ``- mean_p scores[label_p, p] + sum_i h(f_i - target_i)``,  ``h(d) = d^2 / (2 sigma^2)``,

    where f are the area fractions of the labels, or, where `limit` is finite, Huber's h, which goes on in a straight
    line of slope limit / 2. They are found through the concave dual

    ``D(b) = sum_i (target_i b_i - sigma^2 b_i^2 / 2) - mean_p max_i (scores_ip + b_i)``,  ``|b_i| <= limit / 2``,

    whose gradient is ``target - f(b) - sigma^2 b``: semi-discrete optimal transport [1]_ for ``sigma = 0``.

    Parameters
    ----------
    scores : ndarray of float, shape (k, ...)
        Logarithms of the evidence for each phase in each pixel.
    target : ndarray of float64, shape (k,)
        Area fractions, summing to one.
    sigma : float, default 0.0
        Uncertainty of `target`, as a fraction of the area; 0 meets it as nearly as the sample resolves.
    limit : float, default infinity
        Largest difference between two offsets: a pixel whose two highest scores differ by more keeps its label.
    schedule : tuple of (float, int), optional
        Temperatures, as multiples of the mean margin of the two highest scores, and the pixels looked at for each.

    Returns
    -------
    ndarray of float64, shape (k,)

    Notes
    -----
    The maximum over i is smoothed to a log-sum-exp whose temperature falls in steps; each step is solved by Newton's
    method, projected onto the box and damped. The last one is without smoothing, with the curvature of the one before.
    It runs on 65536 pixels drawn with a fixed seed, so that its cost does not depend on the size of the image; the
    fractions of a larger image then differ by about 0.002.

    References
    ----------
    .. [1] J. Kitagawa, Q. Merigot, B. Thibert, "Convergence of a Newton algorithm for semi-discrete optimal
       transport", doi 10.4171/jems/889.

    Examples
    --------
    >>> scores = np.stack([np.zeros(1000), np.linspace(-1, 1, 1000)])
    >>> offsets = solve_offsets(scores, np.array([0.75, 0.25]))
    >>> bool(abs(offsets[0] - offsets[1] - 0.5) < 0.02)
    True
    """
    sampled = sample_pixels(scores.reshape(scores.shape[0], -1), max(n_pixels for _, n_pixels in schedule))
    bound = limit / 2
    # Without uncertainty the dual does not see a constant added to all offsets: a trace of it keeps Newton's system
    # regular, and the mean is taken off.
    variance = max(sigma, 1e-4) ** 2
    offsets = np.zeros(len(target))
    curvature = np.eye(len(target))
    scale = max(float(margins(sampled).mean()), 1e-6)
    for temperature, n_pixels in schedule:
        part = sampled[:, :n_pixels]
        if temperature > 0:
            offsets, curvature = _maximise(part, target, variance, bound, scale * temperature, offsets)
        else:
            offsets = _sharpen(part, target, variance, bound, curvature, offsets)
    return offsets - offsets.mean()


def _maximise(
    scores: NDArray[np.float32],
    target: NDArray[np.float64],
    variance: float,
    bound: float,
    temperature: float,
    offsets: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Maximise the dual at one temperature by damped Newton steps within the box; return also its curvature."""
    value, shares = _dual(scores, target, variance, temperature, offsets)
    curvature = np.eye(len(target))
    for _ in range(NEWTON_STEPS):
        fractions = shares.mean(axis=1, dtype=np.float64)
        curvature = (np.diag(fractions) - shares @ shares.T / shares.shape[1]) / temperature
        curvature[np.diag_indices_from(curvature)] += variance
        gradient = target - fractions - variance * offsets
        step = _newton_step(gradient, curvature, bound, offsets)
        if np.abs(gradient[step != 0]).max(initial=0.0) < GRADIENT_TOLERANCE:
            break
        length = 1.0
        while True:
            trial = np.clip(offsets + length * step, -bound, bound)
            trial_value, trial_shares = _dual(scores, target, variance, temperature, trial)
            if trial_value >= value + ARMIJO * gradient @ (trial - offsets):
                break
            length /= 2
            if length < SMALLEST_STEP:
                return offsets, curvature
        offsets, value, shares = trial, trial_value, trial_shares
    return offsets, curvature


def _sharpen(
    scores: NDArray[np.float32],
    target: NDArray[np.float64],
    variance: float,
    bound: float,
    curvature: NDArray[np.float64],
    offsets: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Take steps on the dual without smoothing, as long as its gradient falls."""
    best, smallest, length = offsets, np.inf, 1.0
    for _ in range(SHARP_STEPS):
        labels = leaders(scores + offsets[:, None].astype(np.float32))
        gradient = target - np.bincount(labels, minlength=len(target)) / labels.size - variance * offsets
        step = _newton_step(gradient, curvature, bound, offsets)
        size = np.abs(gradient[step != 0]).max(initial=0.0)
        if size < smallest:
            best, smallest, kept = offsets, size, step
        else:
            length /= 2
        offsets = np.clip(best + length * kept, -bound, bound)
    return best


def _newton_step(
    gradient: NDArray[np.float64], curvature: NDArray[np.float64], bound: float, offsets: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the step of the offsets that are not fixed at a bound by their gradient; 0 for those that are."""
    is_held = ((offsets >= bound) & (gradient > 0)) | ((offsets <= -bound) & (gradient < 0))
    free = np.flatnonzero(~is_held)
    step = np.zeros_like(offsets)
    step[free] = np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
    return step


def _dual(
    scores: NDArray[np.float32],
    target: NDArray[np.float64],
    variance: float,
    temperature: float,
    offsets: NDArray[np.float64],
) -> tuple[float, NDArray[np.float32]]:
    """Return the smoothed dual and the fraction of every phase in every pixel, shape (k, n)."""
    raised = (scores + offsets[:, None].astype(np.float32)) * np.float32(1 / temperature)
    highest = raised.max(axis=0)
    raised -= highest
    shares = np.exp(raised, out=raised)
    total = shares.sum(axis=0)
    smoothed = temperature * float(np.mean(highest + np.log(total), dtype=np.float64))
    value = float(target @ offsets) - variance / 2 * float(offsets @ offsets) - smoothed
    shares /= total
    return value, shares
