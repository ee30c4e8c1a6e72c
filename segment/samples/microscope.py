"""What a scanning electron microscope does to the signal, and the information band it adds."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from segment.samples.fields import smooth_noise

BLUR_SIGMA = 0.8
COUNTS_AT_WHITE = 220.0
READ_NOISE = 0.012
FONT = cv2.FONT_HERSHEY_SIMPLEX
SMALLEST_TEXT = 0.25


def expose(signal: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Blur, shade and count: Gaussian blur, slow shading of some per cent, Poisson and Gaussian noise, 8 bits.

    Parameters
    ----------
    signal : ndarray of float32, shape (h, w) or (h, w, 3)
        Ideal signal in [0, 1].
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray of uint8, of the shape of `signal`
        The micrograph.
    """
    shape = (signal.shape[0], signal.shape[1])
    blurred = cv2.GaussianBlur(signal, (0, 0), BLUR_SIGMA)
    shading = 1 + 0.04 * smooth_noise(shape, float(max(shape)), rng)
    tilt = rng.uniform(-0.06, 0.06, 2)
    shading += tilt[0] * np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    shading += tilt[1] * np.linspace(-1, 1, shape[1], dtype=np.float32)
    contrast, brightness = rng.uniform(0.92, 1.06), rng.uniform(0.0, 0.03)
    if signal.ndim == 3:
        shading = shading[..., None]
    expected = np.clip(blurred * shading * contrast + brightness, 0, None)
    counted = rng.poisson(expected * COUNTS_AT_WHITE).astype(np.float32) / COUNTS_AT_WHITE
    counted += READ_NOISE * rng.standard_normal(signal.shape, dtype=np.float32)
    return np.rint(np.clip(counted, 0, 1) * 255).astype(np.uint8)


def draw_band(width: int, height: int, pixel_size_um: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw an information band: high voltage, working distance, magnification, detector and a scale bar.

    Parameters
    ----------
    width, height : int
        Size in pixels.
    pixel_size_um : float
        Edge of a pixel in micrometres.
    rng : numpy.random.Generator
        Decides between white on black and black on white, and on the numbers.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        The band.
    """
    paper, ink = ((0, 255), (255, 0))[int(rng.integers(2))]
    band = np.full((height, width), paper, np.uint8)
    bar_um = _round_length(width * pixel_size_um / 6)
    bar = max(1, round(bar_um / pixel_size_um))
    right, middle, tick = width - max(4, width // 40), height // 2, max(2, height // 8)
    line = max(1, height // 24)
    cv2.line(band, (right - bar, middle), (right, middle), ink, line)
    for x in (right - bar, right):
        cv2.line(band, (x, middle - tick), (x, middle + tick), ink, line)
    unit = f"{bar_um:g} um" if bar_um < 1000 else f"{bar_um / 1000:g} mm"
    volts, distance = rng.choice((5.0, 10.0, 15.0, 20.0)), rng.uniform(5, 12)
    magnification = 127 / (width * pixel_size_um)
    text = f"{volts:.2f} kV   WD {distance:.1f} mm   {magnification:.3g} K X   SE2"
    scale = min(height / 75, (right - bar - 30) / cv2.getTextSize(text, FONT, 1.0, 1)[0][0])
    if scale >= SMALLEST_TEXT:
        cv2.putText(band, text, (max(4, width // 60), middle + round(scale * 11)), FONT, scale, ink, 1, cv2.LINE_AA)
    below = (right - bar, min(height - 2, middle + tick + round(22 * height / 75)))
    cv2.putText(band, unit, below, FONT, 0.7 * height / 75, ink, 1, cv2.LINE_AA)
    return band


def _round_length(length_um: float) -> float:
    decade = 10.0 ** math.floor(math.log10(length_um))
    return next(step * decade for step in (5.0, 2.0, 1.0) if step * decade <= length_um * (1 + 1e-9))
