"""Ductile iron: black graphite nodules in bright halos of ferrite, between colonies of lamellar pearlite."""

from __future__ import annotations

import numpy as np

from segment.samples.fields import jittered_points, nearest_point, smooth_noise, stripes
from segment.samples.material import Material, Scene


def draw_ductile_iron(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    """Draw pearlite (0), ferrite (1) and graphite (2)."""
    nodules = jittered_points(shape, 96.0, 0.38, rng)
    nodule, x, y = nearest_point(shape, nodules, 3.5, rng)
    distance = np.hypot(x, y)
    radius = rng.uniform(11.0, 25.0, len(nodules))
    halo = radius * rng.uniform(1.25, 1.9, len(nodules))
    is_graphite = distance < radius[nodule]
    is_ferrite = distance < halo[nodule] + 4 * smooth_noise(shape, 16.0, rng)
    truth = np.where(is_graphite, 2, np.where(is_ferrite, 1, 0)).astype(np.uint8)

    colonies = jittered_points(shape, 44.0, 0.42, rng)
    colony, _, _ = nearest_point(shape, colonies, 6.0, rng)
    angle = rng.uniform(0, np.pi, len(colonies)).astype(np.float32)[colony]
    level = (0.40 + 0.03 * rng.standard_normal(len(colonies)))[colony]
    pearlite = level + 0.15 * stripes(angle, 5.0, 2.0, rng)
    ferrite = 0.72 + 0.015 * smooth_noise(shape, 25.0, rng)
    graphite = 0.09 + 0.025 * smooth_noise(shape, 5.0, rng)
    return np.choose(truth, [pearlite, ferrite, graphite]).astype(np.float32), truth


DUCTILE_IRON = Material("ductile_iron", ("pearlite", "ferrite", "graphite"), 0.4, draw_ductile_iron)
