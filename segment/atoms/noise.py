"""The noise of an image: how its variance rises with the signal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segment.records import ImageNoise

# Bins of pixels of like signal; each has enough of them for a variance within some per cent.
N_BINS = 24


def estimate_noise(
    image: NDArray[np.float64],
    expected: NDArray[np.float64] | None = None,
    is_known: NDArray[np.bool_] | None = None,
) -> ImageNoise:
    """Estimate variance = gain x signal + offset from the differences of neighbouring pixels.

    Parameters
    ----------
    image : ndarray of float64, shape (h, w)
        Grey levels, in any unit.
    expected : ndarray of float64, shape (h, w), or None
        What a model expects; its differences are taken out.
    is_known : ndarray of bool, shape (h, w), or None
        Pixels that have a value; None: all.

    Returns
    -------
    ImageNoise
        Of counts that nothing was done to, gain is 1 and offset 0.

    Notes
    -----
    The mixed difference (p00 - p01 - p10 + p11) / 2 of four neighbouring pixels has the variance of a pixel, and no
    fraction of a plane through them.
    """
    h, w = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    residual = image if expected is None else image - expected
    r, s = (
        values[:h, :w].reshape(h // 2, 2, w // 2, 2) for values in (residual, image if expected is None else expected)
    )
    difference = (r[:, 0, :, 0] - r[:, 0, :, 1] - r[:, 1, :, 0] + r[:, 1, :, 1]).ravel() / 2
    signal = s.mean(axis=(1, 3)).ravel()
    if is_known is not None and not is_known.all():
        whole = is_known[:h, :w].reshape(h // 2, 2, w // 2, 2).all(axis=(1, 3)).ravel()
        signal, difference = signal[whole], difference[whole]
    return _fit_line(signal, difference**2)


def _fit_line(signal: NDArray[np.float64], squares: NDArray[np.float64]) -> ImageNoise:
    """Fit a line through squared deviations over the signal, with gain and offset not negative."""
    # Of four pixels' mean, the bins would mix signals by noise; a bin's own mean signal is what counts.
    order = np.argsort(signal, kind="stable")
    means, variances, weights = [], [], []
    for part in np.array_split(order, min(N_BINS, max(2, order.size // 50))):
        values = squares[part]
        if part.size:
            means.append(signal[part].mean())
            variances.append(values.mean())
            weights.append(part.size)
    x, v, n = np.array(means), np.array(variances), np.array(weights, dtype=np.float64)
    least = max(float(v.max()), np.finfo(np.float64).tiny) * 1e-9
    gain, offset = 0.0, float(np.average(v, weights=n))
    for _ in range(3):
        # A mean of squares has a variance in proportion to the square of what it estimates.
        weight = n / np.maximum(gain * x + offset, least) ** 2
        middle = np.average(x, weights=weight)
        spread = np.sum(weight * (x - middle) ** 2)
        gain = max(0.0, float(np.sum(weight * (x - middle) * v) / spread)) if spread > 0 else 0.0
        offset = float(np.average(v - gain * x, weights=weight))
        if offset < 0 and np.sum(weight * x**2) > 0:
            offset, gain = 0.0, max(0.0, float(np.sum(weight * x * v) / np.sum(weight * x**2)))
    return ImageNoise(gain, max(offset, least))
