"""Barrier coating in section: a ceramic with pores and a crack, a wavy dark oxide layer, the bright bond coat below."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.samples.fields import smooth_noise
from segment.samples.material import Material, Scene


def draw_barrier_coating(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    """Draw ceramic (0), oxide (1), bond coat (2) and void (3): pores and a crack that branches."""
    height, width = shape
    wave = 0.05 * height * smooth_noise((1, width), max(8.0, width / 6), rng)[0] + 0.6 * np.cumsum(
        0.5 * rng.standard_normal(width)
    ) / np.sqrt(width / 60)
    thickness = 0.12 * height * (1 + 0.25 * smooth_noise((1, width), max(6.0, width / 12), rng)[0])
    surface = 0.58 * height + wave
    rows = np.arange(height)[:, None]
    truth = np.where(rows < surface, 0, np.where(rows < surface + np.maximum(thickness, 4), 1, 2)).astype(np.uint8)
    pores = smooth_noise(shape, 9.0, rng) + 0.5 * smooth_noise(shape, 40.0, rng) > 2.75
    truth[pores & (truth == 0)] = 3
    _draw_crack(truth, surface, rng)

    mottle = 0.03 * smooth_noise(shape, 14.0, rng) + 0.02 * smooth_noise(shape, 3.0, rng)
    ceramic = 0.56 + mottle
    oxide = 0.29 + 0.02 * smooth_noise(shape, 6.0, rng)
    bond_coat = 0.82 + 0.02 * smooth_noise(shape, 50.0, rng)
    void = 0.05 + 0.015 * smooth_noise(shape, 6.0, rng)
    return np.choose(truth, [ceramic, oxide, bond_coat, void]).astype(np.float32), truth


def _draw_crack(truth: NDArray[np.uint8], surface: NDArray[np.float64], rng: np.random.Generator) -> None:
    height, width = truth.shape
    x, y = rng.uniform(0.25, 0.75) * width, 0.0
    heading = np.pi / 2
    forks = [(x, y, heading, 4.0)]
    while forks:
        x, y, heading, opening = forks.pop()
        while 0 <= x < width and y >= 0 and y < surface[int(x)] + 2 and opening > 0.9:
            heading += 0.35 * rng.standard_normal() + 0.12 * (np.pi / 2 - heading)
            step = max(4.0, height / 70)
            to_x, to_y = x + step * np.cos(heading), y + step * np.sin(heading)
            ends = ((round(x), round(y)), (round(to_x), round(to_y)))
            cv2.line(truth, ends[0], ends[1], 3, max(1, round(opening)))
            x, y, opening = to_x, to_y, opening * 0.992
            if rng.random() < 0.05 and len(forks) < 3:
                forks.append((x, y, heading + rng.choice((-1.0, 1.0)), opening * 0.6))


BARRIER_COATING = Material("barrier_coating", ("ceramic", "oxide", "bond coat", "void"), 0.2, draw_barrier_coating)
