"""What each pixel's step looks like: its responses, and those along and across it."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.grains.steps import DENOISE, N_DIRECTIONS, step_responses, thin_ridges

# Pixels along and across the step at which its surroundings are looked at.
ALONG, ACROSS, BEYOND = (-10, -6, -3, 3, 6, 10), (2, 4, 7), (3, 6, 10)
END = 4
SMOOTHINGS, AREAS, SPREAD_SIGMA = (1.5, 4.0), (3, 8, 20), 3.0


def describe_steps(
    image: NDArray[np.floating],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Describe the step at every pixel, independently of its direction and of the image's contrast.

    Parameters
    ----------
    image : ndarray of float, shape (h, w)
        Grey levels in [0, 1].

    Returns
    -------
    steps : ndarray of float32, shape (h, w, n)
        Responses over scales; energy along the step, beside it, and in areas around; contrast of the grains on either
        side and their spread. Each in units of its median over the image.
    across : ndarray of float32, shape (h, w)
        Angle in radians from the rows.
    energy : ndarray of float32, shape (h, w)
        As `step_energy` returns it.
    """
    responses = step_responses(image)
    total = responses.mean(axis=0)
    best = total.argmax(axis=0)
    across, energy = (best * (math.pi / N_DIRECTIONS)).astype(np.float32), total.max(axis=0)
    ridges = thin_ridges(energy, across)
    rows, columns = np.mgrid[: energy.shape[0], : energy.shape[1]].astype(np.float32)
    down, right = np.sin(across), np.cos(across)

    def at(values: NDArray[np.float32], u: float, v: float) -> NDArray[np.float32]:
        x, y = columns + u * right - v * down, rows + u * down + v * right
        return np.asarray(cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float32)

    def both(values: NDArray[np.float32], u: float) -> list[NDArray[np.float32]]:
        one, other = at(values, u, 0), at(values, -u, 0)
        return [np.maximum(one, other), np.minimum(one, other)]

    found = [np.take_along_axis(item, best[None], axis=0)[0] for item in responses]
    found += [energy, total.min(axis=0), total.mean(axis=0)]
    found += [at(energy, 0, v) for v in ALONG]
    ends = [np.maximum.reduce([at(ridges, u, v) for u in (-1, 0, 1)]) for v in (END, -END)]
    found += [np.maximum(*ends), np.minimum(*ends)]
    for u in ACROSS:
        found += both(energy, u)
    levels = np.rint(255 * np.clip(np.asarray(image), 0, 1)).astype(np.uint8)
    strength, patch, window = DENOISE
    quiet = cv2.fastNlMeansDenoising(levels, None, strength, patch, window).astype(np.float32) / 255
    for sigma in SMOOTHINGS:
        smooth = np.asarray(cv2.GaussianBlur(quiet, (0, 0), sigma), dtype=np.float32)
        found += [np.abs(at(smooth, u, 0) - at(smooth, -u, 0)) for u in BEYOND]
    mean, square = (cv2.GaussianBlur(item, (0, 0), SPREAD_SIGMA) for item in (quiet, quiet * quiet))
    spread = np.sqrt(np.maximum(square - mean * mean, 0)).astype(np.float32)
    for u in (0, 6):
        found += both(spread, u)
    found += [np.asarray(cv2.GaussianBlur(energy, (0, 0), sigma), dtype=np.float32) for sigma in AREAS]
    steps = np.stack(found, axis=-1).astype(np.float32)
    unit = np.median(steps, axis=(0, 1))
    return (steps / np.where(unit > 0, unit, 1)).astype(np.float32), across, energy
