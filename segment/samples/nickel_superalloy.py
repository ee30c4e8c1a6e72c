"""Nickel superalloy: dark gamma prime cuboids on a lattice, bright gamma channels, a few brilliant carbides."""

from __future__ import annotations

import numpy as np

from segment.samples.fields import jittered_points, nearest_point, smooth_noise
from segment.samples.material import Material, Scene


def draw_nickel_superalloy(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    """Draw gamma (0), gamma prime (1) and carbide (2); about two thirds are gamma prime."""
    angle = rng.uniform(0, np.pi / 2)
    cuboids = jittered_points(shape, 36.0, 0.09, rng, angle)
    cuboid, x, y = nearest_point(shape, cuboids, 2.0, rng)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    half_width, half_height = rng.uniform(13.0, 16.8, (2, len(cuboids)))[:, cuboid]
    is_cuboid = np.abs(u / half_width) ** 4 + np.abs(v / half_height) ** 4 < 1

    blocks = jittered_points(shape, 150.0, 0.45, rng)
    block, x, y = nearest_point(shape, blocks, 3.5, rng)
    turn = rng.uniform(0, np.pi, len(blocks))[block]
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    width, height = rng.uniform(14.0, 34.0, len(blocks))[block], rng.uniform(9.0, 20.0, len(blocks))[block]
    is_carbide = (np.abs(u / width) ** 3 + np.abs(v / height) ** 3 < 1) & (rng.random(len(blocks)) < 0.6)[block]

    truth = np.where(is_carbide, 2, np.where(is_cuboid, 1, 0)).astype(np.uint8)
    grain = 0.02 * smooth_noise(shape, 120.0, rng)
    gamma_prime = 0.33 + (0.02 * rng.standard_normal(len(cuboids)))[cuboid] + grain
    gamma = 0.60 + 0.04 * smooth_noise(shape, 4.0, rng) + grain
    carbide = 0.90 + 0.02 * smooth_noise(shape, 10.0, rng)
    return np.choose(truth, [gamma, gamma_prime, carbide]).astype(np.float32), truth


NICKEL_SUPERALLOY = Material("nickel_superalloy", ("gamma", "gamma prime", "carbide"), 0.02, draw_nickel_superalloy)
