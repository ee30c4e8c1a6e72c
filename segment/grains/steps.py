"""Steps of the grey level between grains, by filters that are longer than wide."""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

# Standard deviations across and along the boundary, in pixels.
SCALES = ((1.2, 2.0), (1.5, 3.0), (2.0, 5.0))
N_DIRECTIONS = 8
MEDIAN_PX = 5
# Strength, patch and search window of the non-local means, in levels of 8 bits and in pixels.
DENOISE = (8, 7, 21)


def step_energy(image: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how large the step at each pixel is, and the direction across it.

    Parameters
    ----------
    image : ndarray of float, shape (h, w)
        Grey levels in [0, 1].

    Returns
    -------
    energy : ndarray of float32, shape (h, w)
        Largest response over directions, a mean over scales and over a median-filtered and a denoised image, each in
        units of its median over the image.
    across : ndarray of float32, shape (h, w)
        Angle in radians from the rows.
    """
    responses = step_responses(image)
    total = responses.mean(axis=0)
    best = total.argmax(axis=0)
    return total.max(axis=0), (best * (math.pi / N_DIRECTIONS)).astype(np.float32)


def step_responses(image: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the responses in every direction, shape (2 n_scales, n_directions, h, w)."""
    levels = np.rint(255 * np.clip(np.asarray(image), 0, 1)).astype(np.uint8)
    strength, patch, window = DENOISE
    versions = (cv2.medianBlur(levels, MEDIAN_PX), cv2.fastNlMeansDenoising(levels, None, strength, patch, window))
    found = []
    for version in versions:
        grey = version.astype(np.float32) / 255
        for across, along in SCALES:
            response = np.stack(
                [
                    np.abs(cv2.filter2D(grey, cv2.CV_32F, kernel, borderType=cv2.BORDER_REFLECT))
                    for kernel in _kernels(across, along)
                ]
            )
            unit = float(np.median(response.max(axis=0)))
            found.append(response / (unit if unit > 0 else 1.0))
    return np.stack(found)


def thin_ridges(energy: NDArray[np.float32], across: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keep the energy where it is largest across the step, 0 elsewhere; shape (h, w)."""
    rows, columns = np.mgrid[: energy.shape[0], : energy.shape[1]].astype(np.float32)
    down, right = np.sin(across), np.cos(across)
    before, after = (
        cv2.remap(energy, columns + sign * right, rows + sign * down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        for sign in (-1.0, 1.0)
    )
    return np.where((energy >= before) & (energy > after), energy, 0).astype(np.float32)


@cache
def _kernels(across: float, along: float) -> tuple[NDArray[np.float32], ...]:
    """Return derivatives of a long Gaussian, one a direction, each with positive weights of sum 1."""
    reach = math.ceil(3 * max(across, along))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    found = []
    for step in range(N_DIRECTIONS):
        angle = step * math.pi / N_DIRECTIONS
        u = columns * math.cos(angle) + rows * math.sin(angle)
        v = rows * math.cos(angle) - columns * math.sin(angle)
        kernel = u * np.exp(-(u**2) / (2 * across**2) - v**2 / (2 * along**2))
        found.append((kernel / (np.abs(kernel).sum() / 2)).astype(np.float32))
    return tuple(found)
