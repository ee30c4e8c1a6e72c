"""Dual-phase steel: dark, even ferrite grains with bright, lath-textured martensite islands along their borders."""

from __future__ import annotations

import numpy as np

from segment.samples.fields import jittered_points, nearest_point, smooth_noise, stripes
from segment.samples.material import Material, Scene


def draw_dual_phase_steel(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    """Draw ferrite (0) and martensite (1); about a third is martensite."""
    grains = jittered_points(shape, 62.0, 0.42, rng)
    grain, _, _ = nearest_point(shape, grains, 5.0, rng)
    islands = jittered_points(shape, 19.0, 0.45, rng)
    island, _, _ = nearest_point(shape, islands, 5.0, rng)

    at = np.clip(np.rint(islands).astype(int), 0, (shape[1] - 1, shape[0] - 1))
    reach = 9
    around = [
        grain[np.clip(at[:, 1] + dy, 0, shape[0] - 1), np.clip(at[:, 0] + dx, 0, shape[1] - 1)]
        for dx, dy in ((-reach, 0), (reach, 0), (0, -reach), (0, reach))
    ]
    on_border = np.any([side != around[0] for side in around[1:]], axis=0)
    is_martensite = rng.random(len(islands)) < np.where(on_border, 0.62, 0.03)
    truth = is_martensite[island].astype(np.uint8)

    ferrite = (0.34 + 0.025 * rng.standard_normal(len(grains)))[grain] + 0.012 * smooth_noise(shape, 30.0, rng)
    angle = rng.uniform(0, np.pi, len(islands)).astype(np.float32)[island]
    laths = 0.09 * stripes(angle, 6.0, 1.5, rng) + 0.05 * smooth_noise(shape, 3.0, rng)
    martensite = (0.64 + 0.04 * rng.standard_normal(len(islands)))[island] + laths
    return np.where(truth, martensite, ferrite).astype(np.float32), truth


DUAL_PHASE_STEEL = Material("dual_phase_steel", ("ferrite", "martensite"), 0.05, draw_dual_phase_steel)
