"""Guidance beside the labels that the image has without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segment.records import Guidance


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
    >>> from segment.composition import guide
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
