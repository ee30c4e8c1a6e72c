"""Several synthetic micrographs of one material, taken as nobody should: unlike in contrast, shares and phases."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.samples.materials import MATERIALS
from segment.samples.sample import Sample, check_request, finish

GAINS, OFFSETS, SHARES = (0.6, 1.0), (0.0, 0.25), (0.4, 1.0)
# Every so manieth image lacks a phase, each phase in turn.
LACKING = 3


def make_batch(
    material: str, n: int, *, shape: tuple[int, int] = (512, 640), seed: int = 0, band: bool = True
) -> list[Sample]:
    """Draw micrographs of one material that differ in gain, offset, shares and absence of phases.

    Of every phase but the largest, an image shows a fraction of its regions between 40 % and all, and every third image
    lacks one such phase, each in turn; what is there instead is other parts of the image. Grey levels are then
    multiplied by a gain of 0.6 to 1 and moved by an offset of 0 to 0.25, before they are counted by the microscope.

    Parameters
    ----------
    material : str
        A key of `MATERIALS`.
    n : int
        Number of micrographs, at least 1.
    shape : (int, int), default (512, 640)
        Height and width of each in pixels, without the band; at least 64 each.
    seed : int, default 0
        Same arguments, same bits.
    band : bool, default True
        Whether an information band is added below each.

    Returns
    -------
    list of Sample
        The same phase has the same id in all of them.

    Raises
    ------
    ValueError
        `material` is unknown, `n` is below 1, `shape` is too small, or `seed` is negative.

    Examples
    --------
    >>> batch = make_batch("ductile_iron", 3, shape=(96, 128))
    >>> [int((sample.fractions == 0).sum()) for sample in batch]
    [0, 0, 1]
    """
    check_request(material, shape, seed)
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    recipe, samples = MATERIALS[material], []
    for index in range(n):
        rng = np.random.default_rng([seed, index, *material.encode()])
        signal, truth = recipe.draw(shape, rng)
        n_phases = len(recipe.phases)
        minor = np.argsort(np.bincount(truth.ravel(), minlength=n_phases))[:-1]
        absent = minor[index // LACKING % len(minor)] if index % LACKING == LACKING - 1 else None
        for phase in minor:
            shown = 0.0 if phase == absent else rng.uniform(*SHARES)
            signal, truth = _thin_out(signal, truth, int(phase), shown, rng)
        gain, offset = rng.uniform(*GAINS), rng.uniform(*OFFSETS)
        offset = min(offset, 1 - gain)
        samples.append(finish(recipe, gain * np.clip(signal, 0, 1) + np.float32(offset), truth, rng, band=band))
    return samples


def _thin_out(
    signal: NDArray[np.float32], truth: NDArray[np.uint8], phase: int, shown: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Cover regions of a phase by other parts of the image, as many as leave the fraction `shown` of its pixels."""
    count, regions = cv2.connectedComponents((truth == phase).astype(np.uint8), connectivity=4)
    areas = np.bincount(regions.ravel(), minlength=count)
    spare, covered = (1 - shown) * areas[1:].sum(), np.zeros(count, dtype=bool)
    for region in 1 + rng.permutation(count - 1):
        if areas[region] <= spare:
            covered[region] = True
            spare -= areas[region]
    signal, truth = signal.copy(), truth.copy()
    missing = covered[regions]
    while missing.any():
        by = rng.integers(1, signal.shape[0]), rng.integers(1, signal.shape[1])
        moved_signal, moved_truth = (np.roll(plane, by, axis=(0, 1)) for plane in (signal, truth))
        here = missing & (moved_truth != phase)
        signal[here], truth[here] = moved_signal[here], moved_truth[here]
        missing &= ~here
    return signal, truth
