"""Tint-etched steel: three phases of one luminance, which differ in hue alone, seen in a light microscope."""

from __future__ import annotations

import numpy as np

from segment.samples.fields import jittered_points, nearest_point, smooth_noise
from segment.samples.material import Material, Scene

# RGB of ferrite, bainite and martensite: each has the luma 122.
COLOURS = np.array([[100, 120, 190], [170, 105, 88], [135, 130, 45]], dtype=np.float32) / np.float32(255)
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def draw_tinted_steel(shape: tuple[int, int], rng: np.random.Generator) -> Scene:
    """Draw ferrite (0), bainite (1) and martensite (2) as grains; the signal has the shape (h, w, 3).

    Grains differ in lightness, and a little in tint; phases have the same mean lightness.
    """
    grains = jittered_points(shape, 26.0, 0.42, rng)
    grain, _, _ = nearest_point(shape, grains, 4.0, rng)
    phase = rng.choice(3, len(grains), p=(0.45, 0.3, 0.25)).astype(np.uint8)
    # Every phase is somewhere, in the smallest picture too.
    phase[rng.permutation(len(grains))[:3]] = np.arange(3)
    truth = phase[grain]
    tint = COLOURS[phase] + 0.02 * rng.standard_normal((len(grains), 3)).astype(np.float32)
    tint *= (COLOURS[0] @ LUMA / (tint @ LUMA))[:, None]
    light = (1 + 0.08 * rng.standard_normal(len(grains)).astype(np.float32))[grain]
    light = light + np.float32(0.02) * smooth_noise(shape, 4.0, rng)
    for one in range(len(COLOURS)):
        light[truth == one] /= light[truth == one].mean()
    return np.asarray(tint[grain] * light[..., None], np.float32), truth


TINTED_STEEL = Material("tinted_steel", ("ferrite", "bainite", "martensite"), 0.25, draw_tinted_steel)
