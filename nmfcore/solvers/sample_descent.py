"""Descent on a sample of the rows: the objective as a function of H alone, lowered by extrapolated exact steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nmfcore.penalties import Penalties
from nmfcore.solvers.row_pass import normalise_rows

__all__ = ["lower_on_sample", "unpack", "value_of"]


def lower_on_sample(
    sums_at: Callable[[NDArray], NDArray[np.float64]],
    solve_H: Callable[[NDArray, NDArray, NDArray, float, float], None],
    start: NDArray[np.float64],
    penalties: Penalties,
    tilt: NDArray[np.float64],
    *,
    worth: Callable[[float], float],
    max_passes: int,
) -> tuple[NDArray[np.float64], float, float, int]:
    """Lower the objective of a sample minus <tilt, H> until two steps in a row are not worth it.

    Each step minimises over H for fixed rows of W, and goes beyond; where that overshoots, the plain step is taken.
    Rows of H are kept at unit length where no penalty weighs them: then the length is free.

    Parameters
    ----------
    sums_at : callable
        Takes H (k, n), returns the sums of a pass over the sample.
    solve_H : callable
        Takes H, W'X, W'W, and the L1 and L2 on H; minimises over H in place.
    start : ndarray of shape (k, n)
        Where to begin.
    penalties : Penalties
        Those on H by the sample's fraction of the rows.
    tilt : ndarray of shape (k, n)
    worth : callable
        Takes the value, returns the decrease that is no longer worth a pass.
    max_passes : int

    Returns
    -------
    H : ndarray of shape (k, n)
    before : float
        The value at ``start``.
    after : float
        The value at H.
    passes : int
        How often ``sums_at`` was called.
    """
    H = step = ahead = start
    before = after = np.inf
    weight, extrapolated, small, passes = 0.5, False, 0, 0
    while passes < max_passes:
        sums = sums_at(ahead)
        passes += 1
        B, C = unpack(sums, *ahead.shape)
        value = _value(ahead, sums, C, penalties) - float(np.vdot(tilt, ahead))
        if not value < after:
            if not extrapolated:
                break
            weight, extrapolated, ahead = 0.5 * weight, False, step
            continue
        small = small + 1 if after - value <= worth(value) else 0
        after, H = value, ahead
        if small == 2:
            break
        new = H.copy()
        solve_H(new, B + tilt, C, *penalties.shrinkage("H"))
        _balance(new, penalties)
        if before == np.inf:
            # The first step has nothing to extrapolate from.
            before, ahead = after, new
        else:
            ahead, extrapolated = np.maximum(new + weight * (new - step), 0.0), True
            _balance(ahead, penalties)
            weight = min(1.0, 1.1 * weight)
        step = new
    return H, before, after, passes


def _balance(H: NDArray[np.float64], penalties: Penalties) -> None:
    if penalties.none:
        normalise_rows(H)


def value_of(H: NDArray, sums: NDArray[np.float64], penalties: Penalties) -> float:
    """Return the objective at H (k, n) and the exact rows of W that the sums belong to."""
    _, C = unpack(sums, *H.shape)
    return _value(H, sums, C, penalties)


def _value(H: NDArray, sums: NDArray[np.float64], C: NDArray[np.float64], penalties: Penalties) -> float:
    value = 0.5 * float(sums[0])
    if penalties.none:
        return value
    (l1_W, l2_W), (l1_H, l2_H) = penalties.shrinkage("W"), penalties.shrinkage("H")
    H = H.astype(np.float64)
    on_W = l1_W * float(sums[-len(H) :].sum()) + 0.5 * l2_W * float(np.trace(C))
    return value + on_W + l1_H * float(np.sum(H)) + 0.5 * l2_H * float(np.vdot(H, H))


def unpack(sums: NDArray[np.float64], k: int, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return W'X (k, n) and W'W (k, k) of the sums of a pass."""
    lower = sums[1 + k * n : 1 + k * n + k * (k + 1) // 2]
    C = np.empty((k, k))
    first = 0
    for t in range(k):
        C[t, : t + 1] = C[: t + 1, t] = lower[first : first + t + 1]
        first += t + 1
    return sums[1 : 1 + k * n].reshape(k, n), C
